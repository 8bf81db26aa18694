"""Routes that are strict: JSON bodies, which FastAPI hands to pydantic, and the query's parameters."""

from collections.abc import Callable, Collection, Coroutine, Iterable
from typing import ClassVar

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic import JsonValue

from app.api.http import queries
from app.core import strict_json
from app.core.errors import AppError, FieldError, InvalidInput, TooLarge
from app.core.settings import Settings


class StrictRequest(Request):
    """A request whose JSON is bounded and storable (see core.strict_json)."""

    parse = staticmethod(strict_json.parse)

    async def body(self) -> bytes:
        """The whole body, or 413 as soon as it is larger than the setting allows."""
        if not hasattr(self, "_body"):
            settings: Settings = self.app.state.settings
            limit, size, chunks = settings.max_body_bytes, 0, []
            async for chunk in self.stream():
                size += len(chunk)
                if size > limit:
                    raise _Refused(TooLarge(f"A JSON body may have at most {limit} bytes."))
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> JsonValue:
        try:
            return self.parse(await self.body())
        except InvalidInput as error:
            raise _Refused(error) from error


def has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request announces one."""
    return any(
        (name == b"content-length" and value != b"0") or name == b"transfer-encoding"
        for name, value in headers
    )


def require_nothing(body: bytes, known: Collection[str]) -> None:
    """InvalidInput for what a route that takes no body would pass over in silence; ``{}`` says nothing."""
    if body.strip() not in (b"", b"{}", b"null"):
        there = f"; in the URL there is {', '.join(sorted(known))}" if known else ""
        fault = FieldError("body", f"this request takes none{there}")
        raise InvalidInput("The request does not fit.", errors=[fault])


class ItemwiseRequest(StrictRequest):
    """A request whose items the service checks one by one, so that a bad one does not spoil the others."""

    parse = staticmethod(strict_json.loads)


class _Refused(HTTPException):
    """Carries our error past FastAPI's body parsing, which turns anything but an HTTPException into a 400."""

    def __init__(self, error: AppError) -> None:
        super().__init__(error.status, error.detail)
        self.error = error


class StrictRoute(APIRoute):
    """A route with strict JSON and known query parameters; give it to a router as ``route_class``."""

    request_class: ClassVar[type[StrictRequest]] = StrictRequest

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        handle, known = super().get_route_handler(), queries.parameters(self.dependant)
        takes_body = self.body_field is not None or "requestBody" in (self.openapi_extra or {})

        async def strictly(request: Request) -> Response:
            if request.scope["query_string"]:
                queries.require_known(request.query_params, known)
            strict = self.request_class(request.scope, request.receive)
            try:
                if not takes_body and has_body(request.scope["headers"]):
                    require_nothing(await strict.body(), known)
                return await handle(strict)
            except _Refused as refused:
                raise refused.error from refused

        return strictly


class ItemwiseRoute(StrictRoute):
    """A route whose body is a batch of items with a status each."""

    request_class = ItemwiseRequest
