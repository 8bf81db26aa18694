"""Statements around the pool: what is tried once more."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.core.settings import Settings
from app.db.direct import Direct, Statement
from app.db.engine import open_database

BOTH = Statement("update pairs set touched = touched + 1 where id = any(cast(:ids as int[])) returning id")


@pytest.fixture
async def direct(settings: Settings) -> AsyncIterator[Direct]:
    database = open_database(settings)
    yield database.direct
    await database.aclose()


async def test_who_is_let_go_in_a_deadlock_tries_once_more(direct: Direct, database_url: str) -> None:
    other = await asyncpg.connect(database_url)
    await other.execute(
        "create table pairs (id int primary key, touched int); insert into pairs values (1, 0), (2, 0)"
    )
    transaction = other.transaction()
    await transaction.start()
    await other.execute("update pairs set touched = 1 where id = 2")
    asked = asyncio.create_task(direct.fetch(BOTH, {"ids": [1, 2]}))
    while not await other.fetchval("select exists (select from pg_locks where not granted)"):
        await asyncio.sleep(0.01)
    # The one that has waited longer finds out.
    await other.execute("update pairs set touched = 1 where id = 1")
    await transaction.commit()
    assert [row["id"] for row in await asked] == [1, 2]
    await other.close()
