"""Bring a database to the newest migration, once, however many replicas start together."""

import asyncio
import random
from functools import cache
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.core.errors import Conflict
from app.core.settings import Settings
from app.db.engine import create_direct_engine, is_outage, server_message

log = structlog.get_logger(__name__)

ADVISORY_LOCK = 7_206_051_844_133_219_570
"""Any number that nothing else in the database uses."""
NOT_MIGRATED = "The database is not migrated: run `python -m app migrate`."
MIGRATIONS = Path(__file__).parents[2] / "migrations"


async def upgrade(settings: Settings, *, revision: str = "head") -> None:
    """Migrate, unless the database is at the head already.

    Conflict if a later release has migrated it, or if a migration fails.

    The lock is polled: a blocking advisory lock is a transaction that CREATE INDEX CONCURRENTLY in the
    migration of another replica would wait for, and so a deadlock.
    """
    engine = create_direct_engine(settings)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            while not await _at(connection, revision):
                if await _try_lock(connection):
                    await _migrate_locked(connection, revision)
                    return
                await asyncio.sleep(random.uniform(0.1, 0.3))
    finally:
        await engine.dispose()


async def is_current(connection: AsyncConnection) -> bool:
    """Whether the database is at the newest migration this code knows, or beyond it.

    Migrations expand before they contract, so this release goes on while the next one has migrated.
    """
    heads = await connection.run_sync(_heads)
    return heads == _wanted("head") or not _known().issuperset(heads)


async def _at(connection: AsyncConnection, revision: str) -> bool:
    return await connection.run_sync(_heads) == _wanted(revision)


@cache
def _wanted(revision: str) -> tuple[str, ...]:
    scripts = ScriptDirectory.from_config(_config()).get_revisions(revision)
    return tuple(script.revision for script in scripts if script)


@cache
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _heads(connection: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(connection).get_current_heads()


async def _try_lock(connection: AsyncConnection) -> bool:
    return bool(await connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK}))


async def _migrate_locked(lock_holder: AsyncConnection, revision: str) -> None:
    try:
        if not await _at(lock_holder, revision):
            await _migrate(lock_holder.engine, revision)
            log.info("migrated", revision=revision)
    except DBAPIError as error:
        if is_outage(error):
            raise
        raise Conflict(f"The migration failed: {server_message(error)}") from error
    finally:
        await lock_holder.execute(text("select pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})


async def _migrate(engine: AsyncEngine, revision: str) -> None:
    async with engine.begin() as connection:
        heads = await connection.run_sync(_heads)
        if not _known().issuperset(heads):
            later = ", ".join(heads)
            raise Conflict(f"The database is at {later} of a later release, which alone can migrate it.")
        await connection.execute(text("set local lock_timeout = '10s'"))
        await connection.execute(text("set local statement_timeout = '15min'"))
        await connection.run_sync(_run, revision)


def _run(connection: Connection, revision: str) -> None:
    command.upgrade(_config(connection), revision)


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
