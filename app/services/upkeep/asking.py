"""Questions to a database that may not be there yet."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

from app.db.engine import OUTAGES

PAUSE = 5.0
"""Seconds between two tries to ask a database that is away."""
LAST_WORDS = 2.0
"""Seconds that a shutdown waits for the database's answer."""

T = TypeVar("T")


async def until_answered(ask: Callable[[], Coroutine[None, None, T]]) -> T:
    """Ask, again and again while the database is away or not migrated, which readiness reports."""
    while True:
        asking = asyncio.create_task(ask())
        try:
            return await asyncio.shield(asking)
        except OUTAGES:
            await asyncio.sleep(PAUSE)
        except asyncio.CancelledError:  # a connection that is only being made would be left open
            await asyncio.wait([asking], timeout=LAST_WORDS)
            raise
