"""What stands before a model in a cluster: it finds the service by the Host and wants a login."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

HOST, TOKEN, COOKIE = "transit.models.example.com", "good-token", "authservice_session=good"


@dataclass
class Ingress:
    """Istio's ingress with Dex before the server at ``address``: it answers 401 for a wrong token and sends
    whoever has none to the login page. ``bodies`` are what it let through.
    """

    address: str
    bodies: list[JsonValue] = field(default_factory=list)

    async def forward(self, request: Request) -> Response:
        if request.headers["host"] != HOST:
            return Response(status_code=404, headers={"server": "istio-envoy"})
        token = request.headers.get("authorization")
        if token not in (None, f"Bearer {TOKEN}"):
            return PlainTextResponse("Jwt verification fails", 401)
        if token is None and request.headers.get("cookie") != COOKIE:
            return RedirectResponse("/dex/auth?client_id=kubeflow-oidc-authservice", 302)
        return await self._passed_on(request)

    async def _passed_on(self, request: Request) -> Response:
        if request.method == "POST":
            self.bodies.append(await request.json())
        answer = await self._server.request(
            request.method,
            request.scope["raw_path"].decode(),
            content=await request.body(),
            headers={"content-type": request.headers.get("content-type", "")},
        )
        kind = {"content-type": answer.headers["content-type"]}
        return Response(answer.content, answer.status_code, kind)

    @asynccontextmanager
    async def _running(self, _: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self.address, timeout=60, trust_env=False) as self._server:
            yield

    def app(self) -> Starlette:
        """The application, to be served."""
        every = Route("/{path:path}", self.forward, methods=["GET", "POST"])
        return Starlette(routes=[every], lifespan=self._running)
