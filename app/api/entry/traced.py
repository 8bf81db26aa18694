"""A span for each request, outside of all that is the application's own; used only where traces are wanted.

FastAPI's own telemetry begins behind what answers most predictions, and writes down paths, which hold ids of
records, and messages of exceptions.
"""

from collections.abc import Iterable, Sequence
from re import Pattern
from typing import TypeAlias

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.http.middleware import TRACE
from app.core.tracing.present import TRACING
from app.core.tracing.spans import Span, ids_of, mark_failed

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
OF_PROBES = ("/health/", "/metrics")
"""How paths begin that are asked for every few seconds, which nobody wants to read of."""
CACHE = "sagemaker_fastapi.cache"
"""HIT, MISS, COALESCED or STALE, as X-Cache has it."""
Templates: TypeAlias = Sequence[tuple[Pattern[str], frozenset[str], str]]


class TracedRequests:
    """Around everything but what goes by ROOT_PATH. A span tells a request's method, route and status."""

    def __init__(self, app: ASGIApp, routers: Iterable[APIRouter]) -> None:
        self.app = app
        self._templates: Templates = [
            (route.path_regex, frozenset(route.methods or ()), route.path_format)
            for router in routers
            for route in router.routes
            if isinstance(route, APIRoute)
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        spans, path = TRACING.spans, _path(scope)
        if spans is None or path is None or path.startswith(OF_PROBES):
            await self.app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        attributes = {"http.request.method": method, "url.scheme": scope.get("scheme", "http")}
        name = "HTTP" if method == "_OTHER" else method
        if template := self._template(path, scope["method"]):
            attributes["http.route"] = template
            name = f"{name} {template}"
        with spans.request(name, Headers(scope=scope), attributes) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note(span, message)
                await send(message)

            await self.app({**scope, TRACE: ids_of(span)}, receive, noted)

    def _template(self, path: str, method: str) -> str | None:
        """The route of a path, which may be another method's."""
        found = [(methods, template) for regex, methods, template in self._templates if regex.match(path)]
        asked = "GET" if method == "HEAD" else method
        exact = [template for methods, template in found if asked in methods]
        return (exact or [template for _, template in found] or [None])[0]


def _path(scope: Scope) -> str | None:
    if scope["type"] != "http":
        return None
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def _note(span: Span, start: Message) -> None:
    status: int = start["status"]
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        mark_failed(span, str(status))
    for name, value in start.get("headers", ()):
        if name == b"x-cache":
            span.set_attribute(CACHE, value.decode("latin-1"))
