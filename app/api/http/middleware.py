"""Pure ASGI middleware: the request's id and log line, crashes, HEAD, and ids with slashes in paths.

BaseHTTPMiddleware would hide disconnects and end background work.
"""

import random
import re
import time
from collections.abc import Iterable
from typing import Literal
from urllib.parse import unquote_to_bytes

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.http.problems import crash
from app.core.logging import access, as_logged
from app.core.signals import requested
from app.core.signals.requested import NOTHING_KNOWN
from app.core.tracing.ids import TraceIds, trace_of
from app.core.web import headers as web_headers
from app.services.failures import user_code
from app.services.upkeep.health import Health

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
TRACE = "sagemaker_fastapi.trace"
"""In a request's scope: its trace, where this process traces."""


class RequestContext:
    """Gives each request an id (the caller's X-Request-ID if it is sane), logs it, and answers crashes.

    What is logged has the id of the caller's trace, too, if there is one.

    Once a shutdown has begun each answer is the last of its connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, trace = _ids(scope["headers"])
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if TRACE in scope:
            trace = scope[TRACE]
        elif trace is not None:
            structlog.contextvars.bind_contextvars(trace_id=trace.trace_id)
        user_code.PATIENCE.set(user_code.OF_REQUESTS)
        scope["began"] = began = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                seen_by_browsers = web_headers.of(scope["path"], scope.get("root_path", ""))
                own = [(b"x-request-id", request_id.encode()), *seen_by_browsers]
                if _is_ending(scope):
                    own.append((b"connection", b"close"))
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            if status == 0:  # else it has been answered, or is being
                await crash(error)(scope, receive, send_with_id)
        finally:
            path: str = scope["path"]
            seconds, get = time.perf_counter() - began, scope.get
            route = get("signals", NOTHING_KNOWN).route
            requested.note(route, scope["method"], status, seconds, get("told"))
            is_probe = path.startswith(("/health/", "/metrics"))  # they come every few seconds
            level: Literal["debug", "info"] = "debug" if is_probe else "info"
            logged = as_logged(path, scope.get("root_path", ""))
            ms = round(seconds * 1000, 1)
            access(request_id, scope["method"], logged, status, ms, level=level, trace=trace)


def _is_ending(scope: Scope) -> bool:
    """Whether a proxy is to send nothing more through this connection, which would be closed under it."""
    health: Health | None = getattr(scope["app"].state, "health", None)
    return health is not None and health.is_shutting_down


def _ids(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, TraceIds | None]:
    """Of a request, and of its caller's trace."""
    request_id, trace = "", None
    for name, value in headers:
        if name == b"x-request-id" and not request_id and REQUEST_ID.fullmatch(value):
            request_id = value.decode()
        elif name == b"traceparent":
            trace = trace_of(value)
    return request_id or f"{random.getrandbits(128):032x}", trace


class BelowRootPath:
    """Says below which path a proxy serves the application; paths may come with it or without it.

    A Location is below it, too.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app = app
        self.root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_below(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("location", "").startswith("/"):
                    headers["location"] = self.root_path + headers["location"]
            await send(message)

        await self.app({**scope, "root_path": self.root_path}, receive, send_below)


class HeadAsGet:
    """Answers HEAD as GET is answered, without the body; the application has no routes for it of its own.

    ``scope["asked_method"]`` keeps what was asked, for what is said about it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET", "asked_method": "HEAD"}, receive, send_head)


class ExactPaths:
    """Keeps an encoded slash inside its path segment, so that `/records/kg%2Fs/label` has the id `kg/s`.

    Servers hand over a path that is already decoded, where `kg%2Fs` has become two segments. This decodes
    the raw path anew, leaving `%2F`, `%25` and line feeds, at which a route's pattern ends; RecordId decodes
    those (see api/deps.py).
    """

    KEPT = re.compile(rb"%(?:2[fF5]|0[aA])")

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw: bytes | None = scope.get("raw_path")
        if scope["type"] == "http" and raw and self.KEPT.search(raw):
            scope = {**scope, "path": _decode_but_slashes(raw)}
        await self.app(scope, receive, send)


def _decode_but_slashes(raw: bytes) -> str:
    guarded = ExactPaths.KEPT.sub(lambda match: b"%25" + match[0][1:], raw)
    return unquote_to_bytes(guarded).decode()
