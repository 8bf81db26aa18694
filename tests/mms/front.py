"""SageMaker's side of a multi-model endpoint: fetches artifacts and passes requests to a container."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.local.endpoint.artifacts.sources import FolderSource
from app.local.endpoint.artifacts.unpack import fetch
from app.local.endpoint.config import Endpoint
from app.local.endpoint.errors import ACCOUNT, EndpointError, error_response, model_error, validation_error
from app.local.endpoint.request import HEADER, check_headers, check_target_model, headers_of


class Front:
    """InvokeEndpoint for one endpoint whose container is at ``address``."""

    def __init__(self, address: str, artifacts: Path, unpacked: Path) -> None:
        self._endpoint = Endpoint("multi", str(artifacts))
        self._source, self._unpacked = FolderSource(artifacts, "multi"), unpacked
        self._container = httpx.AsyncClient(base_url=address, timeout=60)
        self._loaded: dict[str, str] = {}

    async def invoke(self, request: Request) -> Response:
        name, headers = request.path_params["name"], headers_of(request)
        if name != self._endpoint.name:
            raise validation_error(f"Endpoint {name} of account {ACCOUNT} not found.")
        check_headers(headers, name)
        check_target_model(headers, name, "of-a-test", multi_model=True)
        model = await self._load(headers[HEADER + "target-model"])
        url, body = f"/models/{model}/invoke", await request.body()
        answer = _checked(await self._container.post(url, content=body, headers=_passed_on(headers)))
        own = {"x-Amzn-Invoked-Production-Variant": self._endpoint.variant}
        return Response(answer.content, headers={**_passed_on(answer.headers), **own})

    async def _load(self, target: str) -> str:
        if target not in self._loaded:
            model = hashlib.sha256(target.encode()).hexdigest()[:16]
            folder = self._unpacked / model
            fetch(self._source, target, folder, 10**9)
            place = {"model_name": model, "url": str(folder)}
            _checked(await self._container.post("/models", json=place))
            self._loaded[target] = model
        return self._loaded[target]

    @asynccontextmanager
    async def running(self, _: Starlette) -> AsyncIterator[None]:
        async with self._container:
            yield


def create_front(address: str, artifacts: Path, unpacked: Path) -> Starlette:
    front = Front(address, artifacts, unpacked)
    return Starlette(
        routes=[Route("/endpoints/{name:path}/invocations", front.invoke, methods=["POST"])],
        exception_handlers={EndpointError: error_response},
        lifespan=front.running,
    )


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    wanted = ("content-type", "accept", HEADER + "custom-attributes")
    return {name: headers[name] for name in wanted if name in headers}


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.status_code != 200:
        raise model_error("multi", answer.status_code, answer.text)
    return answer
