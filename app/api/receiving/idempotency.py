"""The header Idempotency-Key: a POST that is sent again under its key is done once."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request, Response

from app.core.errors import FieldError, InvalidInput
from app.services.once import HEADER, Keyed

KEY = re.compile(r'"([!#-\[\]-~]{1,255})"|([!#-+\--\[\]-~]{1,255})')
RIGHT = "must be one text of 1 to 255 visible ASCII characters, such as a UUID; it may be in double quotes"
REPLAYED = "Idempotent-Replayed"

KeyHeader = Annotated[
    str | None,
    Header(alias=HEADER, description="Within a day the same request with it is answered as before"),
]


async def _keyed_file(request: Request, response: Response, key: KeyHeader = None) -> Keyed | None:
    """What says the request, but for its body, which the route reads."""
    if key is None:
        return None

    def on_replay() -> None:
        response.headers[REPLAYED] = "true"

    target = request.url.path.removeprefix(request.scope.get("root_path", ""))
    query = sorted(request.query_params.multi_items())
    kind = request.headers.get("content-type", "")
    return Keyed(_only(request), repr((request.method, target, query, kind)).encode(), on_replay)


async def _keyed(request: Request, keyed: Annotated[Keyed | None, Depends(_keyed_file)]) -> Keyed | None:
    if keyed is not None:
        keyed.read(await request.body())
    return keyed


def _only(request: Request) -> str:
    lines = request.headers.getlist(HEADER)
    found = KEY.fullmatch(lines[0].strip()) if len(lines) == 1 else None
    if found is None:
        raise InvalidInput("The key cannot be used.", errors=[FieldError(HEADER, RIGHT)])
    return found[1] or found[2]


KeyedFile = Annotated[Keyed | None, Depends(_keyed_file)]
"""The request by its key, None without one; the route counts the body in."""
KeyedRequest = Annotated[Keyed | None, Depends(_keyed)]
"""The same with the body."""
