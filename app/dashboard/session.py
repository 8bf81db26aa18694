"""The cookie that a browser keeps a key in, as long as it is open: for pages alone, and for no script.

It is the key itself, so no replica has to know of a session, and a key that is revoked ends it everywhere.
"""

import re
from typing import NamedTuple

from starlette.types import Scope

NAME = "sagemaker-fastapi-key"
VALUE = re.compile(rb"[A-Za-z0-9._~+/=-]{1,3800}")
"""What is sent as it is, and what a browser keeps: 4,096 bytes with the name and the attributes."""
SIGNED_IN = "dashboard.signed_in"
"""In a request's scope, whether its key came by the cookie."""
LASTS = "HttpOnly; SameSite=Strict"


class Cookie(NamedTuple):
    """Its name and attributes for one request's way here.

    Over HTTPS it is kept from plain HTTP, and from other hosts that could write it (``__Host-``). A proxy
    says so by X-Forwarded-Proto; who says it falsely gets a cookie of its own that is sent less often.
    """

    name: str
    attributes: str

    def keeping(self, key: str) -> str:
        """The header's value that hands it over."""
        return f"{self.name}={key}; {self.attributes}"

    @property
    def ending(self) -> str:
        """The header's value that takes it back."""
        return f"{self.name}=; Max-Age=0; {self.attributes}"


def cookie_of(scope: Scope) -> Cookie:
    path = f"{scope.get('root_path', '')}/"
    if not is_secure(scope):
        return Cookie(NAME, f"Path={path}; {LASTS}")
    return Cookie(f"{'__Host-' if path == '/' else '__Secure-'}{NAME}", f"Path={path}; Secure; {LASTS}")


def is_secure(scope: Scope) -> bool:
    """Whether the browser came by HTTPS."""
    said = [value for name, value in scope["headers"] if name == b"x-forwarded-proto"]
    return scope.get("scheme") == "https" or any(
        one.strip().lower() == b"https" for value in said for one in value.split(b",")[:1]
    )


def key_in(scope: Scope) -> bytes | None:
    """What the request's cookie holds; None without one, or with several."""
    name = cookie_of(scope).name.encode()
    found = set()
    for header, value in scope["headers"]:
        if header == b"cookie":
            pairs = (part.strip(b" \t").partition(b"=") for part in value.split(b";"))
            found |= {given for key, _, given in pairs if key == name}
    if len(found) != 1:
        return None
    [given] = found
    return given if VALUE.fullmatch(given) else None
