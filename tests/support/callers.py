"""Callers with keys."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.db.engine import Database
from app.schemas.access.callers import CURRENT, Caller
from app.services.access import keys
from app.services.access.keyring import Keyring
from app.services.access.keys import NewKey


async def caller_with(database: Database, new: NewKey) -> Caller:
    """Who holds a new key."""
    key = await keys.make(database.transactions, new)
    ring = Keyring(database.direct, patience=10)
    found = await ring.holder(key or "")
    await ring.aclose()
    assert found is not None
    return found


@contextmanager
def asked_by(caller: Caller) -> Iterator[None]:
    """What is called inside is called for it."""
    before = CURRENT.set(caller)
    try:
        yield
    finally:
        CURRENT.reset(before)
