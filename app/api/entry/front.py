"""The way of a single prediction below the framework, which would cost several times what a hit does.

In one place, what happens to ``POST /predict/{record_id}``:

1. ``RequestContext`` gives it its id and logs it, as any request; ``CallerAdmission`` finds out who calls.
2. This front takes it if there is nothing to it but a plain path and query. Whatever needs a closer look (a
   percent sign, a body, a condition, an id or a name that is not legal) goes on to the route in
   ``api.predictions``, which says what is wrong with it, in the same words as ever.
3. ``Predictor.predict`` looks it up, together with what others ask for meanwhile, in one statement for all
   of them (``core.joining``, ``db.predictions.cache``). A hit is JSON already (``api.answers``).
4. A miss goes on to the flights (``services.predictions``), and comes back here.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from time import perf_counter

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api import answers
from app.api.access.scopes import require
from app.api.entry.noting import note_outage
from app.api.http.problems import from_app_error, from_outage
from app.core.errors import AppError, Forbidden
from app.core.errors.still_computing import StillComputing
from app.core.signals.answered import note_error
from app.core.signals.requested import RequestSignals
from app.schemas.ids import record_id_fault
from app.services.failures import outages
from app.services.predictions.predictor import Ask
from app.services.runtime import Runtime

PATH = re.compile(rb"/predict/([!-$&->@-~]{1,200})")
"""Of characters that stand for themselves; there is no percent sign among them, and no question mark."""
PLAIN = RequestSignals("/predict/{record_id}")
"""The route that takes such a path, below, where it is not plain."""
NAME = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?"
QUERY = re.compile(f"(?:model=({NAME})|version=({NAME})|refresh=(true|false))")
CLOSER_LOOK = frozenset(
    (
        *(b"transfer-encoding", b"content-length", b"prefer"),
        *(b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"),
    )
)
"""Headers that mean something to a route, or are refused there."""


class PredictionFront:
    """Answers plain requests for one prediction, and hands on all others."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain = _plain(scope) if scope["type"] == "http" and scope["method"] == "POST" else None
        runtime: Runtime | None = getattr(scope["app"].state, "runtime", None) if plain else None
        if plain is None or runtime is None:
            scope["signals"] = RequestSignals()
            await self.app(scope, receive, send)
            return
        scope["signals"] = PLAIN
        try:
            require("predict")
            answer = await runtime.predictor.predict(*plain)
        except AppError as error:
            if not isinstance(error, Forbidden):
                note_error("request", error, perf_counter() - scope["began"])
            await _told(plain[0], error, scope.get("root_path", ""))(scope, receive, send)
        except outages.OUTAGES as error:
            note_outage("request", error, perf_counter() - scope["began"])
            await from_outage(error)(scope, receive, send)
        else:
            scope["told"] = answer
            body = answers.single(answer)
            headers = answers.raw_headers(answer, body)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})


def _told(record_id: str, error: AppError, root: str) -> Response:
    """An error, or that the answer comes later."""
    if isinstance(error, StillComputing) and error.accepted:
        return answers.accepted(record_id, error, {}, root)
    return from_app_error(error)


def _plain(scope: Scope) -> tuple[str, Ask] | None:
    """What is asked for, if nothing in the request needs a closer look."""
    raw: bytes = scope.get("raw_path") or b""
    found = PATH.fullmatch(raw.removeprefix(scope.get("root_path", "").encode()))
    if found is None or not _are_plain(scope["headers"]):
        return None
    record_id, ask = found[1].decode(), _ask(scope["query_string"])
    return None if ask is None or record_id_fault(record_id) else (record_id, ask)


def _are_plain(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    for name, value in headers:
        if name in CLOSER_LOOK and (name != b"content-length" or value != b"0"):
            return False
        if name == b"cache-control" and b"stale-if-error" in value.lower():
            return False
    return True


@lru_cache(1024)
def _ask(query: bytes) -> Ask | None:
    """None where the query is not of one plain value for each parameter."""
    given: dict[str, str] = {}
    for part in query.decode("latin-1").split("&") if query else ():
        name = part.partition("=")[0]
        if name in given or not QUERY.fullmatch(part):
            return None
        given[name] = part.partition("=")[2]
    return Ask(
        given.get("model"),
        given.get("version"),
        given.get("refresh") == "true",
        respond_async="version",
    )
