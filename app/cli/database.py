"""The database, for commands that work on it directly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.db import migrate
from app.db.engine import Sessions, create_engine, create_sessions


@asynccontextmanager
async def open_sessions() -> AsyncIterator[Sessions]:
    """Sessions on the migrated database of the settings; Misconfigured if it is not migrated."""
    engine = create_engine(Settings())
    try:
        async with engine.connect() as connection:
            if not await migrate.is_current(connection):
                raise Misconfigured("The database is not migrated: run `python -m app migrate`.")
        yield create_sessions(engine)
    finally:
        await engine.dispose()
