"""Databricks Model Serving's addresses before a real MLflow server, which is what such an endpoint runs.

From the REST reference of Serving endpoints and the pages "Query serving endpoints for custom models", "Serve
multiple models to a model serving endpoint" and "Query route-optimized serving endpoints".
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

from tests.platforms.databricks.workspace import Accounts

ENDPOINT, WORKSPACE_ID = "transit", "1234567890"


@dataclass(frozen=True)
class Entity:
    """A served entity. Unless somebody names it, its name is that of the model and the version."""

    version: str
    name: str
    traffic: int = 100


@dataclass
class Front:
    """A workspace with one endpoint; the model of all its served entities is at ``container``."""

    container: str
    entities: list[Entity] = field(default_factory=lambda: [Entity("2", "transit-2")])
    accounts: Accounts = field(default_factory=Accounts)
    may_view: bool = True
    """Whether callers may see the endpoint, and not only query it."""

    def app(self) -> Starlette:
        invocations = "/serving-endpoints/{name}/invocations"
        return Starlette(
            routes=[
                Route("/.well-known/databricks-config", self.accounts.configuration),
                Route("/oidc/.well-known/oauth-authorization-server", self.accounts.discovery),
                Route("/oidc/v1/token", self.accounts.token, methods=["POST"]),
                Route("/api/2.0/serving-endpoints/{name}", self.get),
                Route(invocations, self.query, methods=["POST"]),
                Route(
                    "/serving-endpoints/{name}/served-models/{entity}/invocations",
                    self.query,
                    methods=["POST"],
                ),
                Route(f"/{WORKSPACE_ID}{invocations}", self.query_by_route, methods=["POST"]),
            ],
            exception_handlers={HTTPException: _refusal},
            lifespan=self._running,
        )

    async def get(self, request: Request) -> Response:
        self.accounts.check(request)
        self._check_name(request)
        if not self.may_view:
            raise HTTPException(403, "User does not have permission 'View' on serving-endpoint.")
        entities = [
            {"name": entity.name, "entity_name": "main.sample.transit", "entity_version": entity.version}
            for entity in self.entities
        ]
        routes = [
            {"served_model_name": entity.name, "traffic_percentage": entity.traffic}
            for entity in self.entities
        ]
        config = {"served_entities": entities, "traffic_config": {"routes": routes}, "config_version": 1}
        state = {"ready": "READY", "config_update": "NOT_UPDATING"}
        return JSONResponse({"name": ENDPOINT, "state": state, "config": config})

    async def query(self, request: Request) -> Response:
        self.accounts.check(request)
        return await self._answer(request)

    async def query_by_route(self, request: Request) -> Response:
        """At the route-optimised address, the first part of whose host identifies the endpoint."""
        self.accounts.check(request, route_id=str(request.url.hostname).partition(".")[0])
        return await self._answer(request)

    async def _answer(self, request: Request) -> Response:
        self._check_name(request)
        wanted = request.path_params.get("entity", max(self.entities, key=lambda entity: entity.traffic).name)
        if wanted not in {entity.name for entity in self.entities}:
            raise HTTPException(404, f"Served entity {wanted} does not exist.")
        kind = {"Content-Type": request.headers.get("content-type", "")}
        answer = await self._client.post("/invocations", content=await request.body(), headers=kind)
        headers = {"served-model-name": wanted, "content-type": answer.headers["content-type"]}
        return Response(answer.content, answer.status_code, headers)

    def _check_name(self, request: Request) -> None:
        if request.path_params["name"] != ENDPOINT:
            raise HTTPException(404, f"Endpoint with name '{request.path_params['name']}' does not exist.")

    @asynccontextmanager
    async def _running(self, _: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self.container, timeout=60, trust_env=False) as self._client:
            yield


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "RESOURCE_DOES_NOT_EXIST" if error.status_code == 404 else error.status_code
    return JSONResponse({"error_code": code, "message": error.detail}, status_code=error.status_code)
