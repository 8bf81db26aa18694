"""The ASGI application: ``uvicorn --factory app.main:create_app``."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from app.api import (
    audit,
    evaluations,
    health,
    imports,
    jobs,
    models,
    operations,
    predictions,
    records,
    reports,
    schedules,
)
from app.api.entry.admission import CallerAdmission
from app.api.entry.front import PredictionFront
from app.api.entry.noting import RouteNoted
from app.api.http import openapi, problems
from app.api.http.middleware import BelowRootPath, ExactPaths, HeadAsGet, RequestContext
from app.api.http.urls import LegibleUrls
from app.api.ledger import overview, prices
from app.api.signals import metrics
from app.api.web import assets, origins, pages
from app.api.web.guard import WebGuard
from app.core.errors import Misconfigured
from app.core.logging import configure_logging, written_aside
from app.core.settings import Settings
from app.core.shutdown import announced_shutdown
from app.core.tracing.exporting import exporting, is_wanted
from app.dashboard import house
from app.dashboard import paths as dashboard
from app.dashboard.door import DashboardDoor
from app.db import capacity
from app.db.engine import pooled
from app.services.runtime import open_runtime
from app.services.signals.database import DatabaseLook
from app.services.signals.opening import open_processes
from app.services.signals.telling import ExposedMetrics
from app.services.upkeep import leftovers, live_versions, revisions
from app.services.upkeep.health import Health
from app.services.use_case import UseCase, load

GARBAGE = 20_000, 20, 50
"""Python's own thresholds, 700 first, look for garbage several hundred times a second under load; that took a
tenth of the time."""
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""Of FastAPI's own, which tells of paths and messages (see api/entry/traced.py); to ask for each request
whether it is set up takes a sixteenth of a hit."""
OF_ROUTES = HeadAsGet, LegibleUrls, ExactPaths, RouteNoted
"""Around the routes, the outermost first."""
ROUTERS = tuple(
    module.router
    for module in (
        health,
        imports,
        records,
        models,
        schedules,
        prices,
        predictions,
        operations,
        jobs,
        reports,
        evaluations,
        overview,
        audit,
        metrics,
    )
)
"""In the order in which they are asked for a path."""


class PredictionService(FastAPI):
    """The application. What concerns every request, and the way of single predictions, lie outside of
    FastAPI's own layers, which take a tenth of a hit; what ``add_middleware`` adds lies outside of all."""

    def build_middleware_stack(self) -> ASGIApp:
        added, self.user_middleware = self.user_middleware, [Middleware(one) for one in OF_ROUTES]
        front = PredictionFront(super().build_middleware_stack())
        guarded: ASGIApp = WebGuard(CallerAdmission(front), self.state.settings)
        if self.state.settings.dashboard:
            guarded = DashboardDoor(guarded)
        stack: ASGIApp = RequestContext(guarded)
        self.user_middleware = added
        if is_wanted():
            from app.api.entry.traced import TracedRequests

            stack = TracedRequests(stack)
        if root_path := self.state.settings.root_path:
            stack = BelowRootPath(stack, root_path)
        for cls, args, kwargs in reversed(added):
            stack = cls(stack, *args, **kwargs)
        return stack


def create_app(settings: Settings | None = None, use_case: UseCase | None = None) -> FastAPI:
    """Build the service for a use case, by default that of the settings.

    Nothing is opened before its lifespan starts. Misconfigured if the use case cannot be used.
    """
    chosen = settings or Settings()
    configure_logging(chosen)
    if chosen.root_path:
        _require_beside_the_routes(chosen.root_path)
    app = PredictionService(
        title="sagemaker-fastapi",
        description="Predictions by record id, cached and evaluated in Postgres.",
        lifespan=_lifespan,
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
        telemetry=NO_TELEMETRY,
        openapi_tags=openapi.TAGS,
        openapi_url="/openapi.json" if chosen.docs else None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = chosen
    app.state.use_case = use_case or load(chosen.use_case)
    problems.install(app)
    if chosen.docs:
        pages.install(app)
    origins.install(app, chosen)
    openapi.install(app, app.state.use_case)
    for router in ROUTERS:
        app.include_router(router)
    assets.install(app)
    if chosen.dashboard:
        house.install(app)
    return app


def _require_beside_the_routes(root_path: str) -> None:
    """Misconfigured where a request's path could be with it or without it."""
    paths = [route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    if root_path.split("/")[1] in {path.split("/")[1] for path in (*paths, assets.PREFIX, dashboard.BELOW)}:
        raise Misconfigured(f"ROOT_PATH must not begin as a path of the service does: {root_path}.")


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open everything, and close it in the opposite order: what is under way lands first."""
    settings: Settings = app.state.settings
    gc.set_threshold(*GARBAGE)
    async with AsyncExitStack() as opened:
        opened.enter_context(written_aside())
        opened.enter_context(exporting())
        processes = await opened.enter_async_context(open_processes(settings))
        runtime = await opened.enter_async_context(open_runtime(settings, app.state.use_case, sheds=True))
        runtime.tell_code()
        health = Health(runtime)
        opened.push_async_callback(health.aclose)
        opened.enter_context(announced_shutdown(health.shut_down, settings.shutdown_delay))
        for work in (
            revisions.refresh_forever(runtime),
            capacity.warn_if_too_small(settings, runtime.database),
            live_versions.open_all(runtime),
            leftovers.tell(runtime),
        ):
            opened.push_async_callback(_stop, asyncio.create_task(work))
        app.state.runtime = runtime
        app.state.health = health
        app.state.metrics = ExposedMetrics(runtime, processes, DatabaseLook(runtime.database))
        # An import takes its time to be written: half of the connections stay free for everybody else.
        app.state.import_slots = asyncio.Semaphore(max(1, pooled(settings) // 2))
        yield


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
