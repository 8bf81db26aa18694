"""Pure ASGI middleware: what a web page of somebody else can have a browser send changes nothing.

A page may send simple requests (a form, text/plain, no body at all) anywhere, and the browser sends what it
has to offer with them: the user's place in the network, if nothing else. Only browsers say where a request
comes from, and they always do so where it can change something (Fetch, 3.2; Fetch Metadata). Others say
nothing of it, and are not concerned.
"""

from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.http.problems import from_app_error
from app.api.web import assets
from app.core.errors import AppError, BadRequest, FieldError, Forbidden
from app.core.settings import Settings
from app.core.web.names import ServedNames, origins

SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing here; what they answer no foreign page can read."""
KEY = b"authorization"
WATCHED = frozenset((b"host", b"origin", b"sec-fetch-site", KEY))
OURS = (b"same-origin", b"none")
"""Of Sec-Fetch-Site: a page of this service, or the user's own doing."""
NO_HOST = BadRequest(
    "The service is not known by this name.",
    errors=[FieldError("Host", "is no name of this service; the setting ALLOWED_HOSTS lists them")],
)
FOREIGN = Forbidden(
    "A web page of another origin may not change anything here.",
    errors=[FieldError("Origin", "is no origin of this service; the setting ALLOWED_ORIGINS lists others")],
)


def _is_file(scope: Scope) -> bool:
    """Whether anybody may read it anyway: the page that says why it refuses is to look like one."""
    path: str = scope["path"]
    return assets.is_one(path.removeprefix(scope.get("root_path", "")))


class WebGuard:
    """Refuses requests for a name that is not ours, and changes that a foreign page asks for.

    Where keys are demanded and ALLOWED_HOSTS says nothing, any name will do for a request with a key: no page
    of a stranger has one.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._takes = lru_cache(256)(ServedNames(settings.allowed_hosts).take)
        self._origins = frozenset(origin.encode() for origin in origins(settings.allowed_origins))
        self._keys_will_do = settings.auth == "keys" and not settings.allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await from_app_error(refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> AppError | None:
        said: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in WATCHED:
                if name != KEY and said.get(name, value) != value:
                    # Which of them is meant, others may see otherwise. Of two keys neither is taken later.
                    return NO_HOST if name == b"host" else FOREIGN
                said[name] = value
        host = said.get(b"host", b"")
        if host and not self._takes(host.decode("latin-1")) and not (self._has_key(said) or _is_file(scope)):
            return NO_HOST
        if scope["method"] in SAFE or self._is_ours(said, host):
            return None
        return FOREIGN

    def _has_key(self, said: dict[bytes, bytes]) -> bool:
        """Whether it has one that is looked at: a wrong one is refused later."""
        return self._keys_will_do and KEY in said

    def _is_ours(self, said: dict[bytes, bytes], host: bytes) -> bool:
        """Whether it comes from no page, from one of ours, or from one that ALLOWED_ORIGINS lists.

        Browsers leave Sec-Fetch-Site out over plain HTTP; then the origin is to be that of the address.
        """
        origin = said.get(b"origin")
        if origin in self._origins:
            return True
        if site := said.get(b"sec-fetch-site"):
            return site in OURS
        return origin is None or origin.partition(b"://")[2].lower() == host.lower()
