"""A pooler in transaction mode hands a connection from one to the other: nothing of a session may matter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.settings import Settings
from app.db import engine
from app.db.direct import Direct, Statement
from app.db.engine import Database, is_outage, open_database, outage_in_words
from app.db.queue import tasks
from app.db.records import imports
from tests.support.eventually import TIMEOUT
from tests.support.pooler import needs_pooler, pooler, through
from tests.support.postgres import MigratedServer, query
from tests.support.settings import IsolatedSettings

pytestmark = needs_pooler

SIZE = 3
"""Connections of the pooler, fewer than its clients."""
WRITE = Statement("insert into models (name) values (:name) on conflict do nothing")
ADD = Statement("select cast(:one as int) + cast(:other as int) as sum from pg_sleep(0.002)")
LEFT = """
    select 'prepared ' || statement from pg_prepared_statements
    union all select 'listens to ' || pg_listening_channels()
    union all select 'set ' || name from pg_settings
        where source = 'session' and name not in ({usual})
    union all select 'advisory lock' from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
    union all select 'temporary ' || relname from pg_class
        where relpersistence = 't' and relnamespace = pg_my_temp_schema()
"""
USUAL = "'application_name', 'client_encoding', 'DateStyle', 'standard_conforming_strings', 'TimeZone', 'jit'"
"""PgBouncer sets them for each of its clients as that one has them; and asyncpg turns jit off and on again
where it looks a type up."""


@pytest.fixture
def pooled(database_url: str, postgres_server: MigratedServer) -> Iterator[Settings]:
    with pooler(postgres_server.admin_url, size=SIZE) as port:
        direct, url = SecretStr(database_url), SecretStr(through(port, database_url))
        yield IsolatedSettings(database_url=url, database_direct_url=direct, database_pooler=True)


@pytest.fixture
async def database(pooled: Settings) -> AsyncIterator[Database]:
    database = open_database(pooled)
    yield database
    await database.aclose()


async def by_direct(database: Database, number: int) -> int:
    [row] = await database.direct.fetch(ADD, {"one": number, "other": 1})
    return int(row["sum"])


async def by_transaction(database: Database, number: int) -> int:
    async with database.transactions() as session:
        return int(await session.scalar(text(ADD.source), {"one": number, "other": 1}) or 0)


async def by_autocommit(database: Database, number: int) -> int:
    async with database.statements() as session:
        return int(await session.scalar(text(ADD.source), {"one": number, "other": 1}) or 0)


async def test_many_get_their_own_answers_on_few_connections(database: Database) -> None:
    """Had a statement been prepared, it would be unknown where it is run, or another one."""
    ways = [by_direct, by_transaction, by_autocommit]
    asked = [way(database, number) for number in range(100) for way in ways]
    assert await asyncio.gather(*asked) == [number + 1 for number in range(100) for _ in ways]


async def test_nothing_is_left_on_a_connection(pooled: Settings, database: Database) -> None:
    bulk = open_database(pooled, bulk=True)
    for one in (database, bulk):
        await by_direct(one, 1)
        await by_autocommit(one, 1)
        async with one.transactions.begin() as session:
            await imports.begin(session)
            await tasks.enqueue(session, "evaluate", [1])
    url = pooled.database_url.get_secret_value()
    clients = [await asyncpg.connect(url, statement_cache_size=0) for _ in range(SIZE)]
    for client in clients:  # each keeps one connection of the pooler from the next
        await client.execute("begin")
        assert [row[0] for row in await client.fetch(LEFT.format(usual=USUAL))] == []
    for client in clients:
        client.terminate()
    await bulk.aclose()


@pytest.fixture
def turn(database_url: str, postgres_server: MigratedServer) -> Callable[[str], None]:
    """Have the database take writes or not, for whoever connects from now on."""
    [(name,)] = query(database_url, "select current_database()")
    alter = f"alter database {name} set default_transaction_read_only = "

    def to(read_only: str) -> None:
        query(postgres_server.admin_url, alter + read_only)

    return to


async def test_connections_of_the_poolers_that_write_no_more_are_closed_one_by_one(
    database: Database, turn: Callable[[str], None]
) -> None:
    """By single statements alone, as of predictions. The pooler would keep them for an hour."""
    await asyncio.to_thread(turn, "on")
    await asyncio.gather(*(by_direct(database, number) for number in range(100)))
    assert await is_refused(database.direct)
    await asyncio.to_thread(turn, "off")
    refused = [await is_refused(database.direct) for _ in range(SIZE + 1)]
    assert refused[-1] is False


async def is_refused(direct: Direct) -> bool:
    try:
        await direct.fetch(WRITE, {"name": "m"})
    except asyncpg.ReadOnlySQLTransactionError:
        return True
    return False


async def test_a_worker_that_hangs_in_a_transaction_gives_up_what_it_has_locked(
    pooled: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engine.OF_WORKERS, engine.IDLE, "200ms")
    worker = open_database(pooled, bulk=True)
    await database.direct.fetch(WRITE, {"name": "m"})
    lock = text("select id from models for update")
    hanging = worker.transactions()
    await hanging.execute(lock)
    async with asyncio.timeout(TIMEOUT), database.transactions() as session:
        await session.execute(lock)
    with pytest.raises(DBAPIError):
        await hanging.execute(lock)
    await hanging.close()
    await worker.aclose()


async def test_a_pooler_that_nobody_told_of_is_named(pooled: Settings) -> None:
    """It does not take the settings that the service opens its own connections with."""
    database = open_database(pooled.model_copy(update={"database_pooler": False}))
    with pytest.raises(asyncpg.ProtocolViolationError) as caught:
        await database.direct.fetch(ADD, {"one": 1, "other": 2})
    await database.aclose()
    assert is_outage(caught.value)
    assert "behind a pooler DATABASE_POOLER has to be set" in outage_in_words(caught.value)


@pytest.mark.parametrize(
    "error", [asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError]
)
def test_a_statement_that_another_connection_prepared_names_it_too(
    error: type[asyncpg.PostgresError],
) -> None:
    assert is_outage(error())
    assert "DATABASE_POOLER has to be set" in outage_in_words(error())
