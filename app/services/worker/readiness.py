"""Whether there can be work: the database answers, and has this release's tables."""

import asyncio

import structlog

from app.db import migrate
from app.db.engine import OUTAGES, is_outage, outage_in_words
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

BETWEEN_LOOKS = 1.0
"""Seconds from the beginning of one to that of the next."""
LONGEST_LOOK = 10.0
"""Seconds after which a database that does not answer is away."""


async def is_ready(runtime: Runtime, stop: asyncio.Event) -> bool:
    """Wait until there can be work; False after ``stop``."""
    said, loop = None, asyncio.get_running_loop()
    while not stop.is_set():
        next_look = loop.time() + BETWEEN_LOOKS
        missing = await _missing(runtime)
        if missing is None:
            log.info("worker ready")
            return True
        if missing != said:
            log.warning("waiting for the database", reason=missing)
            said = missing
        await asyncio.sleep(max(0.0, next_look - loop.time()))  # at once where this one has waited in vain
    return False


async def _missing(runtime: Runtime) -> str | None:
    """Why there can be no work yet."""
    try:
        async with asyncio.timeout(LONGEST_LOOK), runtime.database.engine.connect() as connection:
            return None if await migrate.is_current(connection) else migrate.NOT_MIGRATED
    except OUTAGES as error:
        if not is_outage(error):
            raise
        return outage_in_words(error)
