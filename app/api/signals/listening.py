"""Where a worker tells its metrics: a port of its own, with the doors of the service before it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.entry.admission import CallerAdmission
from app.api.entry.noting import RouteNoted
from app.api.http import problems
from app.api.http.middleware import ExactPaths, HeadAsGet, RequestContext
from app.api.server.options import server_options
from app.api.signals import metrics
from app.api.web.guard import WebGuard
from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.core.signals import RequestSignals
from app.services.runtime import Runtime
from app.services.signals.processes import SharedTotals
from app.services.signals.telling import ExposedMetrics


@asynccontextmanager
async def listening(runtime: Runtime) -> AsyncIterator[None]:
    """Tell them on METRICS_PORT of HOST, to whom the service tells its own. Misconfigured where that port
    cannot be had."""
    with _listener(runtime.settings) as listener:
        config = uvicorn.Config(
            MetricsOfAWorker(runtime), **server_options(runtime.settings), lifespan="off", log_level="warning"
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await asyncio.wait([task])


class MetricsOfAWorker(FastAPI):
    """One route, behind what is before those of the service. No prediction is asked for here."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
        self.state.settings, self.state.runtime = runtime.settings, runtime
        self.state.metrics = ExposedMetrics(runtime, SharedTotals())
        problems.install(self)
        self.include_router(metrics.router)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__({**scope, "signals": RequestSignals()}, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        routes = HeadAsGet(ExactPaths(RouteNoted(super().build_middleware_stack())))
        return RequestContext(WebGuard(CallerAdmission(routes), self.state.settings))


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are the worker's."""
        yield


def _listener(settings: Settings) -> socket.socket:
    host, port = settings.host, settings.metrics_port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise Misconfigured(
            f"METRICS_PORT {port} of HOST {host} cannot be had: {error.strerror}. Workers on one machine take"
            " a port each."
        ) from error
