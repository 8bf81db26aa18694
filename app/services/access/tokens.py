"""Callers by tokens of OIDC_ISSUER: JWTs that it has signed for OIDC_AUDIENCE.

A token that was checked is known by its digest until it expires, or the issuer's keys change, so that a hit
costs no signature. There are no rates and no budgets of tokens.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

import jwt
from jwt import PyJWK
from pydantic import JsonValue

from app.core.errors import Unauthorized
from app.core.settings import Settings
from app.schemas.access.callers import Caller
from app.services.access.claims import caller_of
from app.services.access.issuer import ALGORITHMS, Issuer
from app.services.access.keys import digest

LEEWAY = 30.0
"""Seconds by which the issuer's clock, and ours, may be wrong."""
MOST_KNOWN = 10_000
"""Tokens; those that were not used for the longest go first."""
NEEDED = ("iss", "aud", "exp", "iat", "sub")
FAULTS: Mapping[type[Exception], str] = {
    jwt.ExpiredSignatureError: "it has expired",
    jwt.ImmatureSignatureError: "it is not valid yet",
    jwt.InvalidAudienceError: "it is for another audience",
    jwt.InvalidIssuerError: "it is of another issuer",
    jwt.InvalidSignatureError: "its signature is wrong",
    jwt.InvalidAlgorithmError: "its algorithm is not taken",
}
OTHERWISE = "it cannot be read"
WRONG = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
"""What reading a token may raise; the last ones are of those made to be awkward."""


class _Checked(NamedTuple):
    caller: Caller
    until: float
    """When it expires, by the wall clock."""
    generation: int
    """Of the issuer's keys."""


class Tokens:
    """Who holds a token."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuer = Issuer(settings.oidc_issuer or "")
        self._checked: OrderedDict[str, _Checked] = OrderedDict()

    def at_once(self, token: str) -> Caller | None:
        """Who holds it, if it was checked before: for the way of a hit."""
        found = self._checked.get(hashed := digest(token))
        if found is None or self._issuer.is_due or found.generation != self._issuer.generation:
            return None
        if time.time() >= found.until:
            return None
        self._checked.move_to_end(hashed)
        return found.caller

    async def holder(self, token: str) -> Caller:
        """Who holds it; Unauthorized says what is wrong with it, Unavailable that nobody knows now."""
        key = await self._key(token)
        generation = self._issuer.generation
        claims = self._claims(token, key)
        caller = caller_of(claims, self._settings)
        self._keep(token, _Checked(caller, _expiry(claims), generation))
        return caller

    async def aclose(self) -> None:
        """Give up what is under way."""
        await self._issuer.aclose()

    async def _key(self, token: str) -> PyJWK:
        """The issuer's key that the token names. Whatever else its header says is left aside."""
        try:
            header = jwt.get_unverified_header(token)
        except WRONG as error:
            raise _wrong(OTHERWISE) from error
        if str(header.get("alg")) not in ALGORITHMS:
            raise _wrong(FAULTS[jwt.InvalidAlgorithmError])
        name = header.get("kid")
        if not isinstance(name, str):
            raise _wrong("it names no key")
        if (key := await self._issuer.key(name)) is None:
            raise _wrong("the issuer has no such key")
        return key

    def _claims(self, token: str, key: PyJWK) -> Mapping[str, JsonValue]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[*ALGORITHMS],
                audience=self._settings.oidc_audience,
                issuer=self._settings.oidc_issuer,
                leeway=LEEWAY,
                options={"require": [*NEEDED], "enforce_minimum_key_length": True},
            )
        except jwt.MissingRequiredClaimError as error:
            raise _wrong(f"it has no {error.claim}") from error
        except WRONG as error:
            raise _wrong(FAULTS.get(type(error), OTHERWISE)) from error

    def _keep(self, token: str, checked: _Checked) -> None:
        hashed = digest(token)
        self._checked[hashed] = checked
        self._checked.move_to_end(hashed)
        while len(self._checked) > MOST_KNOWN:
            self._checked.popitem(last=False)


def _expiry(claims: Mapping[str, JsonValue]) -> float:
    """It is a whole number, or reads as one, once it was checked."""
    expires_at = float(str(claims["exp"]))
    return expires_at if math.isfinite(expires_at) else 0.0


def _wrong(why: str) -> Unauthorized:
    return Unauthorized(f"The token is not valid: {why}.")
