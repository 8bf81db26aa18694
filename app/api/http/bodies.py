"""Bodies of requests: bounded, read off the event loop where they are long, and validated there.

And those of answers, written once.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from fastapi import HTTPException, Request, Response
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError
from starlette.datastructures import Headers

from app.api.http import media
from app.api.receiving.pieces import pieces
from app.core import strict_json
from app.core.errors import AppError, FieldError, InvalidInput, RequestTimeout, TooLarge
from app.core.settings import Settings
from app.schemas.faults import faults_of
from app.services.failures.lightened import lighten

MISFIT = "The request does not fit."
JSON_BODY = "A JSON body"
ON_THE_LOOP = 32_768
"""Bytes of a body that is read and validated at once, in about a millisecond; a longer one is in a thread."""


class StrictRequest(Request):
    """A request whose JSON is bounded and storable (see core.strict_json), and fits the route's body."""

    body_type: TypeAdapter[object] | None = None
    batches: Sequence[str] = ()
    """Members of the JSON that have at most ``max_batch`` items, as the JSON itself if it is a list."""

    def require_length(self) -> None:
        """413 where a larger body is announced than the setting allows."""
        require_length(self.headers, self._settings.max_body_bytes, JSON_BODY)

    async def body(self) -> bytes:
        """The whole body, or 413 as soon as it is larger than the setting allows."""
        if not hasattr(self, "_body"):
            limit, size, chunks = self._settings.max_body_bytes, 0, []
            async for chunk in self._pieces():
                size += len(chunk)
                if size > limit:
                    raise Refused(too_large(limit, JSON_BODY))
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def _pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in pieces(self, self._settings.receive_timeout):
                yield piece
        except RequestTimeout as error:
            raise Refused(error) from None

    async def json(self) -> object:
        """The validated body; FastAPI, which would validate it on the event loop, passes it on as it is."""
        size = len(await self.body())
        try:
            return self._read() if size <= ON_THE_LOOP else await asyncio.to_thread(self._read)
        except InvalidInput as error:
            raise Refused(error) from None

    def drop_body(self) -> None:
        """Once it is answered: who still holds the request, an error say, does not hold what it brought."""
        self._body = b""

    def parse(self, body: bytes) -> JsonValue:
        return strict_json.parse_bounded(body)

    def _read(self) -> object:
        strict_json.require_few(self._body)
        value = self.parse(self._body)
        self._require_counts(value)
        try:
            return value if self.body_type is None else self.body_type.validate_python(value)
        except ValidationError as error:
            raise InvalidInput(MISFIT, errors=faults_of(error, whole="body")) from error

    def _require_counts(self, value: JsonValue) -> None:
        """Before the items are looked at: what is refused for its length costs no more than its length."""
        lists: dict[str, JsonValue] = {"items": value}
        if isinstance(value, dict):
            lists |= {name: value.get(name) for name in self.batches}
        limit = self._settings.max_batch
        for name, items in lists.items():
            if isinstance(items, list) and len(items) > limit:
                fault = FieldError(name, f"must have at most {limit} items, has {len(items)}")
                raise InvalidInput("The batch is too long.", errors=[fault])

    @property
    def _settings(self) -> Settings:
        settings: Settings = self.app.state.settings
        return settings


class ItemwiseRequest(StrictRequest):
    """A request whose items the service checks one by one, so that a bad one does not spoil the others."""

    batches = ("record_ids", "inputs")

    def parse(self, body: bytes) -> JsonValue:
        value = strict_json.loads(body)
        strict_json.require_bounds(value)
        return value


class Refused(HTTPException):
    """Carries our error past FastAPI's body parsing, which turns anything but an HTTPException into a 400."""

    def __init__(self, error: AppError) -> None:
        super().__init__(error.status, error.detail)
        lighten(error)
        self._carried = [error]

    def take(self) -> AppError:
        """Our error, once: kept here it would be in a circle, together with the body that it speaks of, and
        Python seldom looks for those."""
        return self._carried.pop()


def has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request announces one."""
    return any(
        (name == b"content-length" and value != b"0") or name == b"transfer-encoding"
        for name, value in headers
    )


def require_length(headers: Headers, limit: int, what: str) -> None:
    """TooLarge where more bytes are announced: none of them need be sent."""
    announced = headers.get("content-length", "0")
    if announced.isdecimal() and (len(announced) > len(str(limit)) or int(announced) > limit):
        raise too_large(limit, what)


def too_large(limit: int, what: str) -> TooLarge:
    return TooLarge(f"{what} may have at most {limit} bytes.")


def reply(said: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A model as JSON, which FastAPI would validate before it writes it.

    The route names the same model as its ``response_model``, for the document.
    """
    body = said.__pydantic_serializer__.to_json(said, by_alias=True)
    return Response(body, status, headers, media_type=media.JSON)
