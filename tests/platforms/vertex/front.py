"""The address of a Vertex AI endpoint in front of a model container: what of Google nobody can install.

From the REST reference of projects.locations.endpoints (get, predict) and, for errors, AIP-193.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.core import strict_json
from app.core.errors import InvalidInput
from tests.platforms.vertex.accounts import ServiceAccount

PROJECT, LOCATION, ENDPOINT_ID = "a-project", "europe-west4", "1234567890"
NAME = f"projects/{PROJECT}/locations/{LOCATION}/endpoints/{ENDPOINT_ID}"
MODEL = f"projects/1029384756/locations/{LOCATION}/models/5647382910"
VERSION, DEPLOYED_ID, DISPLAY_NAME = "2", "6655443322", "transit"
LARGEST = 1_500_000
"""Bytes of a request to the shared address (the page "Get online inferences")."""

CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
"""Names of google.rpc.Code by HTTP status."""


@dataclass
class Front:
    """One endpoint with one deployed model, whose container is at ``container``."""

    container: str
    account: ServiceAccount = field(default_factory=ServiceAccount)
    may_get: bool = True
    """Whether the caller has the permission aiplatform.endpoints.get."""

    def app(self) -> Starlette:
        """The endpoint and the token server under one address."""
        return Starlette(
            routes=[
                Route("/token", self.account.token, methods=["POST"]),
                Route("/v1/{name:path}:predict", self.predict, methods=["POST"]),
                Route("/v1/{name:path}", self.get, methods=["GET"]),
            ],
            exception_handlers={HTTPException: _refusal},
            lifespan=self._running,
        )

    async def get(self, request: Request) -> Response:
        self._check(request)
        if not self.may_get:
            raise HTTPException(403, f"Permission 'aiplatform.endpoints.get' denied on resource '//{NAME}'.")
        deployed = {"id": DEPLOYED_ID, "model": MODEL, "modelVersionId": VERSION, "displayName": DISPLAY_NAME}
        answer = {"name": NAME, "displayName": DISPLAY_NAME, "deployedModels": [deployed]}
        return JSONResponse(answer | {"trafficSplit": {DEPLOYED_ID: 100}})

    async def predict(self, request: Request) -> Response:
        self._check(request)
        body = await request.body()
        if len(body) > LARGEST:
            fault = f"The request size ({len(body)} bytes) exceeds 1.500MB limit."
            return error_reply(400, fault, "FAILED_PRECONDITION")
        _check_body(body)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        answer = await self._client.post("/predict", content=body, headers=headers)
        if answer.status_code != 200:
            return error_reply(answer.status_code, answer.text)
        about = {"deployedModelId": DEPLOYED_ID, "model": MODEL, "modelVersionId": VERSION}
        return JSONResponse({**answer.json(), **about, "modelDisplayName": DISPLAY_NAME})

    def _check(self, request: Request) -> None:
        if not self.account.admits(request):
            raise HTTPException(401, "Request had invalid authentication credentials.")
        if request.path_params["name"] != NAME:
            raise HTTPException(404, f"The Endpoint `{request.path_params['name']}` does not exist.")

    @asynccontextmanager
    async def _running(self, _: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self.container, timeout=60, trust_env=False) as self._client:
            yield


def error_reply(code: int, message: str, name: str | None = None) -> Response:
    """An error as Google's APIs answer it; ``name`` is that of the code where the status has several."""
    error = {"code": code, "message": message, "status": name or CODES.get(code, "UNKNOWN")}
    return JSONResponse({"error": error}, status_code=code)


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_reply(error.status_code, error.detail)


def _check_body(body: bytes) -> None:
    """Whether it is a PredictRequest."""
    try:
        request = strict_json.parse(body)
    except InvalidInput as error:
        raise HTTPException(400, "Invalid JSON payload received.") from error
    if not isinstance(request, dict) or set(request) - {"instances", "parameters"}:
        raise HTTPException(400, "Invalid JSON payload received. Unknown name.")
    if not isinstance(request.get("instances"), list) or not request["instances"]:
        raise HTTPException(400, "The request has no instances.")
