"""Pure ASGI middleware: the text in a URL is UTF-8, percent-encoded.

Servers and the framework put U+FFFD in place of what they cannot decode, so that two ids become one.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.http.problems import from_app_error
from app.core.errors import FieldError, InvalidInput

PLAIN = re.compile(rb"[!-$&-~]*")
"""Bytes that stand for themselves."""
BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2}).{0,2}|[^!-~]", re.DOTALL)
SHOWN = 20
"""Bytes of what cannot be decoded that an error shows."""


class LegibleUrls:
    """Refuses a URL whose path or query cannot be decoded, rather than let it mean something else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (found := list(_faults(scope))):
            error = InvalidInput("The URL cannot be decoded.", errors=found)
            await from_app_error(error)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _faults(scope: Scope) -> Iterator[FieldError]:
    raw: bytes = scope.get("raw_path") or b""
    query: bytes = scope["query_string"]
    if fault := undecodable(raw):
        yield FieldError("path", fault)
    if PLAIN.fullmatch(query):
        return
    for pair in query.split(b"&"):
        if fault := undecodable(pair):
            name = pair.partition(b"=")[0]
            yield FieldError("query" if undecodable(name) else unquote_to_bytes(name).decode(), fault)
            return


def undecodable(encoded: bytes) -> str | None:
    """What is wrong with a part of a URL, in words, or None."""
    if PLAIN.fullmatch(encoded):
        return None
    if broken := BROKEN.search(encoded):
        shown = broken[0].decode("ascii", "backslashreplace")
        right = (
            "% itself is %25"
            if shown.startswith("%")
            else "other text than ASCII is its UTF-8 in such escapes"
        )
        return f"{shown!r} must be percent-encoded: % and two hex digits for each byte; {right}"
    try:
        unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError as error:
        wrong = error.object[error.start : error.end][:SHOWN]
        return f"{''.join(f'%{byte:02X}' for byte in wrong)} is not UTF-8, as the text in a URL must be"
    return None
