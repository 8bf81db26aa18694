"""Bring a database to the newest migration, once, however many replicas start together."""

import asyncio
import random

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.core.errors import Conflict, Misconfigured
from app.core.settings import Settings
from app.db import revisions
from app.db.engine import create_direct_engine, create_owner_engine, is_outage, server_message
from app.db.server import grants, soundness
from app.db.server.outages import NO_RIGHT, sqlstate

log = structlog.get_logger(__name__)

ADVISORY_LOCK = 7_206_051_844_133_219_570
"""Any number that nothing else in the database uses."""
NOT_MIGRATED = "The database is not migrated: run `python -m app migrate`."
BEHIND = "The next ids of {} are taken, as after a copy without its sequences: run `python -m app migrate`."


async def upgrade(settings: Settings) -> None:
    """Migrate, unless the database is at the head already, and set sequences that a copy has left behind.

    Misconfigured if the database is of a kind that this service cannot use, Conflict if a later release has
    migrated it, or if a migration fails. Where the tables are another role's than the service's, that one is
    given what it needs.

    The lock is polled: a blocking advisory lock is a transaction that CREATE INDEX CONCURRENTLY in the
    migration of another replica would wait for, and so a deadlock.
    """
    engine = create_owner_engine(settings)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            if (wrong := await soundness.unfitness(connection)) is not None:
                raise Misconfigured(wrong)
            while await heads(connection) != revisions.head():
                if await _try_lock(connection):
                    await _migrate_locked(connection)
                    break
                await asyncio.sleep(random.uniform(0.1, 0.3))
            for table in await soundness.behind(connection):
                await _catch_up(engine, table)
            if settings.migration_database_url is not None:
                await _grant(connection, await _service_role(settings))
    finally:
        await engine.dispose()


async def _catch_up(engine: AsyncEngine, table: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("set local lock_timeout = '10s'"))
        await soundness.catch_up(connection, table)
    log.warning("a sequence was behind its table", table=table)


async def _service_role(settings: Settings) -> str:
    engine = create_direct_engine(settings)
    try:
        async with engine.connect() as connection:
            return str(await connection.scalar(text("select current_user")))
    finally:
        await engine.dispose()


async def _grant(lock_holder: AsyncConnection, role: str) -> None:
    """Two that grant at once would be in each other's way, and one of them fail."""
    while await grants.are_lacking(lock_holder, role):
        if not await _try_lock(lock_holder):
            await asyncio.sleep(random.uniform(0.1, 0.3))
            continue
        try:
            async with lock_holder.engine.begin() as connection:
                await grants.give(connection, role)
            log.info("granted", role=role)
        except DBAPIError as error:
            if sqlstate(error) != NO_RIGHT and is_outage(error):
                raise
            raise Conflict(f"The rights could not be given: {server_message(error)}") from error
        finally:
            await _unlock(lock_holder)
        return


async def is_current(connection: AsyncConnection) -> bool:
    """Whether the database is at the newest migration this code knows, or beyond it.

    Migrations expand before they contract, so this release goes on while the next one has migrated.
    """
    at = await heads(connection)
    return at == revisions.head() or not revisions.known().issuperset(at)


async def heads(connection: AsyncConnection) -> tuple[str, ...]:
    """Where the database is; empty of one that was never migrated."""
    if await connection.scalar(text("select to_regclass('alembic_version')")) is None:
        return ()
    return tuple(await connection.scalars(text("select version_num from alembic_version")))


async def _try_lock(connection: AsyncConnection) -> bool:
    return bool(await connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK}))


async def _migrate_locked(lock_holder: AsyncConnection) -> None:
    try:
        if await heads(lock_holder) != revisions.head():
            await _migrate(lock_holder.engine)
            log.info("migrated", revision="head")
    except DBAPIError as error:
        if is_outage(error):
            raise
        raise Conflict(f"The migration failed: {server_message(error)}") from error
    finally:
        await _unlock(lock_holder)


async def _unlock(lock_holder: AsyncConnection) -> None:
    await lock_holder.execute(text("select pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})


async def _migrate(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        at = await heads(connection)
        if not revisions.known().issuperset(at):
            later = ", ".join(at)
            raise Conflict(f"The database is at {later} of a later release, which alone can migrate it.")
        await connection.execute(text("set lock_timeout = '10s'"))
        await connection.execute(text("set statement_timeout = '15min'"))
        await connection.commit()  # Alembic begins its own, which a concurrent index may interrupt
        await connection.run_sync(_run)


def _run(connection: Connection) -> None:
    from alembic import command  # a service only asks where the database is
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(revisions.MIGRATIONS))
    command.upgrade(config, "head")
