"""What a fault looks like to who asked for a page."""

from urllib.parse import quote

from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.api.http.problems import MEDIA_TYPE
from app.dashboard import paths, session
from app.dashboard.rendering import page
from app.schemas.problem import Problem

SAFE = ("GET", "HEAD")
HINTS = {
    401: "Sign in with a key.",
    403: "Sign in with a key that may do this, or ask who runs the service for one.",
    404: "It may have been deleted, or the address may be mistyped.",
    429: "Wait a moment, and load the page again.",
    503: "Load the page again in a moment.",
}
"""What one can do about it, by the status."""


def redirect(path: str) -> RedirectResponse:
    """To a page, by GET; what is before the path is put there behind (``BelowRootPath``)."""
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})


def kept_nowhere(send: Send) -> Send:
    """No cache in front may keep what is answered to a cookie: that it must not, it only knows of answers to
    ``Authorization`` (RFC 9111, 3.5)."""

    async def send_marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).setdefault("cache-control", "no-store")
        await send(message)

    return send_marked


class PagesForFaults:
    """A ``send`` that keeps problems, and sends a page in their place where one was asked for."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._wants_pages = "text/html" in Headers(scope=scope).get("accept", "")
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._wants_pages and _is_problem(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")

    async def end(self) -> None:
        """Send what was kept."""
        if self._start is not None:
            answer = self._page(self._start["status"], MutableHeaders(raw=[*self._start["headers"]]))
            await answer(self._scope, self._receive, self._send)

    def _page(self, status: int, headers: MutableHeaders) -> Response:
        if status == 401:
            return self._to_sign_in()
        request = Request(self._scope)
        problem = Problem.model_validate_json(self._body)
        answer = page(request, "fault.html", status=status, problem=problem, hint=HINTS.get(status))
        for name in ("retry-after", "allow"):
            if name in headers:
                answer.headers[name] = headers[name]
        return answer

    def _to_sign_in(self) -> Response:
        """What was to be seen is shown afterwards; what was to be done is not done by itself."""
        asked = _asked(self._scope) if self._scope["method"] in SAFE else paths.OVERVIEW
        had_key = session.key_in(self._scope) is not None
        query = f"next={quote(asked, safe='/')}{'&ended=true' if had_key else ''}"
        answer = redirect(f"{paths.SIGN_IN}?{query}")
        if had_key:
            answer.headers["set-cookie"] = session.cookie_of(self._scope).ending
        return answer


def _is_problem(message: Message) -> bool:
    return Headers(raw=[*message["headers"]]).get("content-type", "") == MEDIA_TYPE


def _asked(scope: Scope) -> str:
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.removeprefix(scope.get("root_path", "").encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return paths.own(f"{path}?{query}" if query else path)
