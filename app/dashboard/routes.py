"""What a page's route is: it asks for its scope, and takes a form where it changes something."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, cast
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from app.api.access.scopes import require, scope_of
from app.api.http import queries
from app.core.errors import BadRequest, FieldError, TooLarge, UnsupportedMediaType
from app.services.failures.outages import or_once_more

FORM = "application/x-www-form-urlencoded"
MOST = 65_536
"""Bytes of a form."""
MOST_FIELDS = 200


class PageRoute(APIRoute):
    """Refuses who may not, and query parameters that the page does not have."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        handle, known = super().get_route_handler(), queries.parameters(self.dependant)
        needed = scope_of(self.dependencies)

        async def strictly(request: Request) -> Response:
            if needed is not None:
                require(needed)
            queries.require_known(request.query_params, known)
            return await or_once_more(lambda: handle(request))

        return strictly


def pages() -> APIRouter:
    """A router for pages; each route needs one of the scopes among its ``dependencies``."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


async def _form(request: Request) -> Mapping[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        fault = FieldError("Content-Type", f"must be {FORM}")
        raise UnsupportedMediaType("The form cannot be read.", errors=[fault])
    return _fields(await _sent(request))


async def _sent(request: Request) -> bytes:
    """The body, also where the route is gone through once more."""
    if not hasattr(request.state, "sent"):
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MOST:
                raise TooLarge(f"A form may have at most {MOST} bytes.")
        request.state.sent = bytes(body)
    return cast(bytes, request.state.sent)


def _fields(sent: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            sent.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise BadRequest(f"The form cannot be read: it is no {FORM}.") from error
    form = dict(pairs)
    if len(form) < len(pairs):
        raise BadRequest("The form cannot be read: a field is given more than once.")
    return form


Form = Annotated[Mapping[str, str], Depends(_form)]
"""The fields of a form, each given once."""
