"""What a route asks of its caller: one of the four constants, among its ``dependencies``."""

from collections.abc import Sequence
from typing import cast

from fastapi import Security
from fastapi.params import Depends as Dependency
from fastapi.params import Security as Needed
from fastapi.security import HTTPBearer

from app.core.errors import Forbidden
from app.schemas.access.callers import CURRENT, KeyScope


class _Bearer(HTTPBearer):
    """For the OpenAPI document alone: who calls is known before a route is found (see ``admission``)."""

    async def __call__(self) -> None:  # type: ignore[override]
        """Nothing is left to be done."""


_BEARER = _Bearer(
    scheme_name="key", description="A key of `python -m app keys create`, or a token of OIDC_ISSUER."
)
READ = Security(_BEARER, scopes=["read"])
PREDICT = Security(_BEARER, scopes=["predict"])
WRITE = Security(_BEARER, scopes=["write"])
ADMIN = Security(_BEARER, scopes=["admin"])


def scope_of(dependencies: Sequence[Dependency]) -> KeyScope | None:
    """What a route needs; None where anybody may ask it."""
    named = [scope for one in dependencies if isinstance(one, Needed) for scope in one.scopes or ()]
    return cast(KeyScope, named[0]) if named else None


def require(scope: KeyScope) -> None:
    """Forbidden where the caller's key does not have the scope."""
    caller = CURRENT.get()
    if not caller.may(scope):
        has = ", ".join(sorted(caller.scopes)) or "none"
        raise Forbidden(f"This needs a key with the scope {scope}; {caller.name!r} has {has}.")
