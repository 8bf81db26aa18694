"""A span for each request, outside of all that is the application's own; used only where traces are wanted.

FastAPI's own telemetry begins behind what answers most predictions, and writes down paths, which hold ids of
records, and messages of exceptions.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.http.middleware import TRACE
from app.core.signals import RequestSignals
from app.core.tracing.present import TRACING
from app.core.tracing.spans import Span, ids_of, mark_failed

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
OF_PROBES = ("/health/", "/metrics")
"""How paths begin that are asked for every few seconds, which nobody wants to read of."""
CACHE = "sagemaker_fastapi.cache"
"""HIT, MISS, COALESCED or STALE, as X-Cache has it."""


class TracedRequests:
    """Around everything but what goes by ROOT_PATH. A span tells a request's method, route and status."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        spans = TRACING.spans
        if spans is None or scope["type"] != "http" or _is_probe(scope):
            await self.app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        attributes = {"http.request.method": method, "url.scheme": scope.get("scheme", "http")}
        name = "HTTP" if method == "_OTHER" else method
        with spans.request(name, Headers(scope=scope), attributes) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note(span, message)
                await send(message)

            inner = {**scope, TRACE: ids_of(span)}
            try:
                await self.app(inner, receive, noted)
            finally:
                _name(span, name, inner)


def _is_probe(scope: Scope) -> bool:
    return str(scope["path"]).removeprefix(scope.get("root_path", "")).startswith(OF_PROBES)


def _note(span: Span, start: Message) -> None:
    if not span.is_recording():
        return
    status: int = start["status"]
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        mark_failed(span, str(status))
    for name, value in start.get("headers", ()):
        if name == b"x-cache":
            span.set_attribute(CACHE, value.decode("latin-1"))


def _name(span: Span, name: str, scope: Scope) -> None:
    """By the route that answered it, which nobody knows before."""
    signals: RequestSignals | None = scope.get("signals")
    if signals is not None and signals.route:
        span.set_attribute("http.route", signals.route)
        span.update_name(f"{name} {signals.route}")
