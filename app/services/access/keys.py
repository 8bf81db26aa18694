"""Make, list and revoke the keys of callers."""

import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import Row

from app.core.errors import Conflict, FieldError, InvalidInput, NotFound
from app.db.access import keys as rows
from app.db.engine import Sessions
from app.db.tables.serving import ApiKeyRow
from app.schemas.access.callers import SCOPES, KeyScope
from app.schemas.ids import LEGAL_NAME, is_legal_name, record_prefix_fault
from app.services.access import audit

PREFIX = "sfk_"
"""What a key begins with, so that who finds one in a file knows what it is."""
BYTES = 32
LONGEST = timedelta(days=36_525)


@dataclass(frozen=True)
class NewKey:
    """What a key is to be; None: without end, any model, without limit."""

    name: str
    scopes: Collection[KeyScope]
    valid_for: timedelta | None = None
    models: Collection[str] | None = None
    record_prefix: str = ""
    requests_per_second: float | None = None
    inferences_per_day: int | None = None


def digest(key: str) -> str:
    """What is kept of a key. It has 256 random bits: a search for them is hopeless, and takes no salt."""
    return hashlib.sha256(key.encode()).hexdigest()


async def make(
    sessions: Sessions, new: NewKey, *, only_first: bool = False, keep: Callable[[str], None] | None = None
) -> str | None:
    """The key, which is known to nobody once it has been said; only its hash is kept.

    With ``only_first`` None where any was made before. Conflict where the name is taken, also by a key that
    was revoked: what was done under it is that one's. ``keep`` is given the key before it is one, and where
    it raises there is none: a key that nobody has could not be made a second time.
    """
    _require_sense(new)
    key = PREFIX + secrets.token_urlsafe(BYTES)
    async with sessions() as session, session.begin():
        await rows.lock(session)
        if only_first and await rows.any_made(session):
            return None
        values = _values(new) | {"key_hash": digest(key)}
        if await rows.add(session, values, new.valid_for) is None:
            raise Conflict(f"There is a key {new.name!r}, or was one.")
        await audit.note(session, "key created", f"key {new.name}", scopes=_scopes(new))
        if keep is not None:
            keep(key)
    return key


async def every(sessions: Sessions) -> Sequence[Row[ApiKeyRow, int | None]]:
    """All keys by their names, those that are no longer valid too, each with its inferences of today."""
    async with sessions() as session:
        return await rows.every(session)


async def revoke(sessions: Sessions, name: str) -> datetime:
    """When the key was revoked, now or before. Every replica refuses it within five seconds."""
    async with sessions() as session, session.begin():
        if (at := await rows.revoke(session, name)) is None:
            raise NotFound(f"There is no key {name!r}.")
        await audit.note(session, "key revoked", f"key {name}")
    return at


async def any_made(sessions: Sessions) -> bool:
    """Whether there is a key, or was one."""
    async with sessions() as session:
        return await rows.any_made(session)


def _values(new: NewKey) -> dict[str, object]:
    return {
        "name": new.name,
        "scopes": _scopes(new),
        "models": None if new.models is None else sorted(set(new.models)),
        "record_prefix": new.record_prefix,
        "requests_per_second": new.requests_per_second,
        "inferences_per_day": new.inferences_per_day,
    }


def _scopes(new: NewKey) -> list[JsonValue]:
    return [scope for scope in SCOPES if scope in new.scopes]


def _require_sense(new: NewKey) -> None:
    faults = {
        "name": None if is_legal_name(new.name) else LEGAL_NAME,
        "scopes": None if new.scopes else f"must name one at least: {', '.join(SCOPES)}",
        "models": _models_fault(new.models),
        "record_prefix": _prefix_fault(new),
        "valid_for": _time_fault(new.valid_for),
        "requests_per_second": _number_fault(new.requests_per_second),
        "inferences_per_day": _number_fault(new.inferences_per_day),
    }
    if wrong := [FieldError(field, fault) for field, fault in faults.items() if fault]:
        raise InvalidInput("There can be no such key.", errors=wrong)


def _models_fault(models: Collection[str] | None) -> str | None:
    if models is None or (models and all(map(is_legal_name, models))):
        return None
    return f"must be names of models; each {LEGAL_NAME}"


def _prefix_fault(new: NewKey) -> str | None:
    if not new.record_prefix:
        return None
    if "admin" in new.scopes:
        return "cannot be beside the scope admin: models are everybody's"
    return record_prefix_fault(new.record_prefix)


def _time_fault(valid_for: timedelta | None) -> str | None:
    fits = valid_for is None or timedelta() < valid_for <= LONGEST
    return None if fits else "must be over 0, and at most 100 years"


def _number_fault(number: float | None) -> str | None:
    return None if number is None or 0 < number <= 10**12 else "must be over 0, and at most 10^12"
