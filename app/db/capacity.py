"""Whether the server has as many connections as this process may want."""

import asyncio

import structlog
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import OUTAGES, Database

log = structlog.get_logger(__name__)

PAUSE = 5.0
"""Seconds between two tries to ask a database that is away."""
AVAILABLE = text(
    "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    " - coalesce(current_setting('reserved_connections', true)::int, 0)"  # since Postgres 16
)


async def warn_if_too_small(settings: Settings, database: Database) -> None:
    """Log one line, as soon as the database answers, if not even this process alone fits.

    A pooler is left out: it lets more connect than it passes on.
    """
    if settings.database_pooler:
        return
    wanted, available = settings.database_pool_size + 1, await _available(database)
    if wanted > available:
        log.warning("more connections configured than the database has", wanted=wanted, available=available)


async def _available(database: Database) -> int:
    while True:
        try:
            async with database.statements() as session:
                return int(await session.scalar(AVAILABLE))
        except OUTAGES:  # which readiness reports
            await asyncio.sleep(PAUSE)
