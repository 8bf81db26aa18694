"""Alembic's entry: uses the connection of app.db.migrate, or opens one for the `alembic` command."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from app.core.settings import Settings
from app.db.engine import create_owner_engine
from app.db.tables import Base


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """The queue's tables are made here, but described by PgQueuer and not by our metadata."""
    return kind != "table" or not (name or "").startswith("pgqueuer")


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        include_name=is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    engine = create_owner_engine(Settings())
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(connect_and_run())
