"""Statements around the pool: what is tried once more."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.core.settings import Settings
from app.db.direct import ConnectionLost, Direct, Statement
from app.db.engine import is_outage, open_database
from app.db.server.connecting import Connection

BOTH = Statement("update pairs set touched = touched + 1 where id = any(cast(:ids as int[])) returning id")


@pytest.fixture
async def direct(settings: Settings) -> AsyncIterator[Direct]:
    database = open_database(settings)
    yield database.direct
    await database.aclose()


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_who_is_let_go_in_a_deadlock_tries_once_more(direct: Direct, other: Connection) -> None:
    await other.execute(
        "create table pairs (id int primary key, touched int); insert into pairs values (1, 0), (2, 0)"
    )
    transaction = other.transaction()
    await transaction.start()
    await other.execute("update pairs set touched = 1 where id = 2")
    asked = asyncio.create_task(direct.fetch(BOTH, {"ids": [1, 2]}))
    while not await other.fetchval("select exists (select from pg_locks where not granted)"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    # The one that has waited longer finds out.
    await other.execute("update pairs set touched = 1 where id = 1")
    await transaction.commit()
    assert [row["id"] for row in await asked] == [1, 2]


async def test_a_connection_that_is_cut_while_it_begins_is_an_outage_after_a_second_try() -> None:
    tries = 0

    async def cut() -> Connection:
        nonlocal tries
        tries += 1
        raise asyncpg.InternalClientError("got result for unknown protocol state 3")

    with pytest.raises(ConnectionLost) as caught:
        await Direct(cut, size=1).fetch(Statement("select 1"), {})
    assert is_outage(caught.value)
    assert tries == 2
