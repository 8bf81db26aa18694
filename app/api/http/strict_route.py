"""Routes that take what they have, and refuse what they would pass over in silence."""

from collections.abc import Callable, Collection, Coroutine
from typing import ClassVar, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from app.api.access.scopes import require, scope_of
from app.api.http import conditions, media, queries
from app.api.http.bodies import MISFIT, ItemwiseRequest, Refused, StrictRequest, has_body
from app.core.errors import FieldError, InvalidInput
from app.services.failures.lightened import lighten
from app.services.failures.outages import or_once_more


class StrictRoute(APIRoute):
    """A route with strict JSON and known query parameters; give it to a router as ``route_class``."""

    request_class: ClassVar[type[StrictRequest]] = StrictRequest

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        handle, known = super().get_route_handler(), queries.parameters(self.dependant)
        taken, body_type = conditions.taken(self.dependant), self._body_type()
        takes_file = "requestBody" in (self.openapi_extra or {})
        needed = scope_of(self.dependencies)

        async def strictly(request: Request) -> Response:
            if needed is not None:
                require(needed)  # before anything that was sent is read
            if request.scope["query_string"]:
                queries.require_known(request.query_params, known)
            conditions.require_taken(request, taken)
            strict = self.request_class(request.scope, request.receive)
            strict.body_type = body_type
            try:
                if has_body(request.scope["headers"]) and not takes_file:
                    await self._require_kind(strict, known)
                if takes_file:  # which is read as it comes, and but once
                    return await handle(strict)
                return await or_once_more(lambda: handle(strict))
            except Refused as refused:
                lighten(refused)
                raise refused.take() from None
            finally:
                strict.drop_body()

        return strictly

    def _body_type(self) -> TypeAdapter[object] | None:
        """What a body is validated by; None where the route takes no JSON."""
        if self.body_field is None:
            return None
        return TypeAdapter(get_type_hints(self.endpoint, include_extras=True)[self.body_field.name])

    async def _require_kind(self, request: StrictRequest, known: Collection[str]) -> None:
        request.require_length()
        if self.body_field is None:
            _require_nothing(await request.body(), known)
        else:
            media.require_json(request.headers)


def _require_nothing(body: bytes, known: Collection[str]) -> None:
    """InvalidInput for what a route that takes no body would pass over in silence; ``{}`` says nothing."""
    if body.strip() not in (b"", b"{}", b"null"):
        there = f"; in the URL there is {', '.join(sorted(known))}" if known else ""
        fault = FieldError("body", f"this request takes none{there}")
        raise InvalidInput(MISFIT, errors=[fault])


class ItemwiseRoute(StrictRoute):
    """A route whose body is a batch of items with a status each."""

    request_class = ItemwiseRequest
