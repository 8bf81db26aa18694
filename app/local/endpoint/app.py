"""The ASGI application of the local endpoint."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.local.endpoint import toolkit
from app.local.endpoint.artifacts.bucket import FolderBucket
from app.local.endpoint.artifacts.cache import ModelCache
from app.local.endpoint.artifacts.sources import LOCAL_BUCKET, serve
from app.local.endpoint.asynchronous.invocations import AsyncRuntime
from app.local.endpoint.config import EndpointConfig
from app.local.endpoint.control.endpoints import Endpoints
from app.local.endpoint.control.estate import Estate
from app.local.endpoint.control.given import add_given
from app.local.endpoint.control.plane import ControlPlane
from app.local.endpoint.errors import EndpointError, error_response
from app.local.endpoint.fleets.running import ContainerRunner
from app.local.endpoint.invoker import Invoker
from app.local.endpoint.runtime import SageMakerRuntime
from app.local.endpoint.transforms.jobs import LocalTransforms

PING = "/ping"
"""The health check of SageMaker's containers; the one path that takes unsigned requests."""


def create_app(config: EndpointConfig) -> Starlette:
    """The endpoint as an ASGI application. ValueError where a configured folder or file does not exist."""
    served = {endpoint.name: serve(endpoint) for endpoint in config.endpoints}
    unpacked = config.cache_dir / f"models-{uuid4().hex}"
    bucket = FolderBucket(served)
    estate = Estate(served)
    add_given(estate, config)
    cache = ModelCache(unpacked, config.memory_bytes, config.load_seconds)
    runner = ContainerRunner(cache, config.invocation_seconds)
    endpoints = Endpoints(estate, config, runner)
    transforms = LocalTransforms(estate, runner)
    invoker = Invoker(runner)
    runtime = SageMakerRuntime(estate, invoker, config.max_body_bytes)

    later = AsyncRuntime(estate, invoker)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        toolkit.install()
        unpacked.mkdir(parents=True)
        yield
        later.close()
        endpoints.close()
        transforms.close()
        runner.close()
        shutil.rmtree(unpacked, ignore_errors=True)  # a model may still be unpacking

    app = Starlette(
        routes=[
            Route(PING, ping, methods=["GET"]),
            Route("/endpoints/{name:path}/invocations", runtime.invoke, methods=["POST"]),
            Route("/endpoints/{name:path}/async-invocations", later.invoke, methods=["POST"]),
            Route("/", ControlPlane(estate, endpoints, transforms.operations).answer, methods=["POST"]),
            Route(f"/{LOCAL_BUCKET}", bucket.list, methods=["GET"]),
            Route(f"/{LOCAL_BUCKET}/{{key:path}}", bucket.read, methods=["GET"]),
        ],
        middleware=[Middleware(SignedOnly)],
        exception_handlers={EndpointError: error_response},
        lifespan=lifespan,
    )
    app.state.asynchronous = later  # for tests, which count
    return app


async def ping(_: Request) -> Response:
    """The process serves. Artifacts are fetched when they are asked for, so their store may be away."""
    return Response()


class SignedOnly:
    """Refuses requests without a SigV4 signature. Whose it is does not matter: there are no accounts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == PING or _is_signed(scope):
            await self._app(scope, receive, send)
            return
        error = EndpointError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        response = await error_response(Request(scope), error)
        await response(scope, receive, send)


def _is_signed(scope: Scope) -> bool:
    return Headers(scope=scope).get("authorization", "").startswith("AWS4-HMAC-SHA256 ")
