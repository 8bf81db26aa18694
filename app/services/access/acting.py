"""Work that is done later, for who asked for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from app.db.access import keys as rows
from app.db.engine import Sessions
from app.schemas.access.callers import CURRENT


@asynccontextmanager
async def acting_for(sessions: Sessions, key_id: int | None) -> AsyncIterator[None]:
    """Have inferences counted against the budget of the key, if it has one, also once it was revoked.

    None: nobody's. What the key may do was asked when the work was.
    """
    if key_id is None:
        yield
        return
    async with sessions() as session:
        key = await rows.get(session, key_id)
    budget = replace(CURRENT.get(), name=key.name, key_id=key.id, inferences_per_day=key.inferences_per_day)
    before = CURRENT.set(budget)
    try:
        yield
    finally:
        CURRENT.reset(before)
