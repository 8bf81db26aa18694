"""The front of a managed online endpoint: authentication, deployments, limits, and its own statuses.

From "Troubleshoot online endpoints" and "Authenticate clients for online endpoints" in Azure ML's manual:
401, 404 without a deployment to go to, 408 beyond request_timeout_ms, 429 beyond twice the configured
concurrency, and 424 whenever the container answers something else than 200, with that status in a header.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MODEL_STATUS, MODEL_REASON = "ms-azureml-model-error-statuscode", "ms-azureml-model-error-reason"


@dataclass
class Endpoint:
    """``deployments`` are the containers' addresses by name; the first has all the traffic.

    ``timeout`` is request_timeout_ms in seconds, ``pending`` how many calls may be on their way, ``calls``
    counts those that came.
    """

    deployments: Mapping[str, str]
    allowed: Callable[[str], bool]
    timeout: float = 60
    pending: int = 100
    calls: int = 0
    _now: int = field(default=0, init=False)

    async def answer(self, request: Request, container: httpx.AsyncClient) -> Response:
        self.calls += 1
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self.allowed(token):
            return JSONResponse({"error": "key_auth_access_denied"}, 401)
        wanted = request.headers.get("azureml-model-deployment", next(iter(self.deployments), ""))
        if wanted not in self.deployments:
            return Response("no deployment to go to", 404)
        if self._now >= self.pending:
            return Response(status_code=429, headers={MODEL_REASON: "too_many_pending_request"})
        self._now += 1
        try:
            return await self._pass_on(request, container, self.deployments[wanted])
        finally:
            self._now -= 1

    async def _pass_on(self, request: Request, container: httpx.AsyncClient, address: str) -> Response:
        url, body = f"{address}{request.url.path}", await request.body()
        headers = {"content-type": request.headers.get("content-type", "")}
        try:
            answer = await container.request(
                request.method, url, content=body, headers=headers, timeout=self.timeout
            )
        except httpx.TimeoutException:
            return Response("upstream request timeout", 408)
        except httpx.TransportError:
            return _model_error(503, b"upstream connect error", "text/plain")
        kind = answer.headers.get("content-type", "")
        if answer.status_code != 200:
            return _model_error(answer.status_code, answer.content, kind)
        return Response(answer.content, headers={"content-type": kind})


def _model_error(status: int, content: bytes, kind: str) -> Response:
    headers = {"content-type": kind, MODEL_STATUS: str(status), MODEL_REASON: "model_error"}
    return Response(content, 424, headers)


def create_front(endpoint: Endpoint) -> Starlette:
    """The application that answers for ``endpoint``: scoring, and the container's description of itself."""
    container = httpx.AsyncClient(trust_env=False)

    async def answer(request: Request) -> Response:
        return await endpoint.answer(request, container)

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        async with container:
            yield

    routes = [Route("/score", answer, methods=["POST"]), Route("/swagger.json", answer)]
    return Starlette(routes=routes, lifespan=running)
