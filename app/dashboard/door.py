"""Pure ASGI middleware around the pages: who is signed in, from where a form comes, what a fault looks like.

The key in the cookie goes on as ``Authorization``, and is from there on a key as any: the same look-up, rate
and scopes. It does for pages alone; for the API a cookie is nothing. What is refused before or behind is
told as a page to who asks for one (``Accept: text/html``), and as a problem to everybody else.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.http.middleware import HeadAsGet
from app.api.http.problems import from_app_error
from app.core.errors import FieldError, Forbidden
from app.dashboard import paths, session
from app.dashboard.faults import PagesForFaults, kept_nowhere, redirect

SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
OUR_ORIGIN = "must be the dashboard's own; a proxy has to hand on Host as the browser sent it"
NOT_OURS = Forbidden(
    "A form is taken from this dashboard's own pages only.",
    errors=[FieldError("Origin", OUR_ORIGIN)],
)


class DashboardDoor:
    """Hands on what is none of the dashboard's as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._pages = HeadAsGet(self._answer)
        """HEAD is GET before a fault is made a page: none can be made of a problem without its body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope["type"] == "http" and paths.are_ours(_path(scope))
        await (self._pages if is_ours else self.app)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        keyed = _with_key(scope)
        told = PagesForFaults(keyed, receive, kept_nowhere(send))
        if _path(scope) in paths.OTHER_NAMES:
            await redirect(paths.OVERVIEW)(scope, receive, send)
        elif _needs_evidence(keyed) and not _is_from_our_page(scope):
            await from_app_error(NOT_OURS)(scope, receive, told)
        else:
            await self.app(keyed, receive, told)
        await told.end()


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _with_key(scope: Scope) -> Scope:
    """A request with the cookie as one with the header; who sends the header says who it is."""
    if any(name == b"authorization" for name, _ in scope["headers"]) or not (key := session.key_in(scope)):
        return {**scope, session.SIGNED_IN: False}
    headers = [*scope["headers"], (b"authorization", b"Bearer " + key)]
    return {**scope, "headers": headers, session.SIGNED_IN: True}


def _needs_evidence(scope: Scope) -> bool:
    """Whether a page elsewhere could have had a browser ask this with its user's key, or sign in anew.

    Who has no cookie is told that a key is needed, or is as good as anybody (``WebGuard`` looks at those).
    """
    return scope["method"] not in SAFE and (scope[session.SIGNED_IN] or _path(scope) == paths.SIGN_IN)


def _is_from_our_page(scope: Scope) -> bool:
    """Whether the browser says so. Who says nothing may be a browser of old, and is refused.

    Over plain HTTP browsers leave Sec-Fetch-Site out; then the origin is to be that of the address.
    """
    said = Headers(scope=scope)
    if sites := said.getlist("sec-fetch-site"):
        return set(sites) == {"same-origin"}
    origins = [origin.partition("://")[2].lower() for origin in said.getlist("origin")]
    return any(origins) and origins == [host.lower() for host in said.getlist("host")]
