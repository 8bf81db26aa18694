"""Postgres is told for whom each statement is, on every way to it, and forgets it in time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.core.settings import Settings
from app.db.direct import Statement
from app.db.engine import Database, create_direct, open_database
from app.db.server.connecting import Connection
from app.schemas.access.callers import CURRENT, ITSELF, UNBOUND, Binding, Caller
from tests.support.tenants import wall_in

ASKED = "select id from input_objects order by id"
TOLD = Statement("select current_setting('app.record_prefix', true) as told, pg_backend_pid() as server")
A, B = (Caller(name, frozenset(), record_prefix=f"{name}-") for name in "ab")


@contextmanager
def as_caller(caller: Caller) -> Iterator[None]:
    before = CURRENT.set(caller)
    try:
        yield
    finally:
        CURRENT.reset(before)


@pytest.fixture
async def walled(settings: Settings, database_url: str) -> Settings:
    """Where the records a-1 and b-1 are, and the policies hold for our role."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("""
        insert into input_objects (id, payload, content_hash) values ('a-1', '{}', ''), ('b-1', '{}', '')
    """)
    await connection.close()
    url = await wall_in(database_url)
    if settings.database_pooler:
        return settings
    return settings.model_copy(update={"database_url": SecretStr(url)})


@pytest.fixture
async def database(walled: Settings) -> AsyncIterator[Database]:
    database = open_database(walled.model_copy(update={"database_pool_size": 3}))
    yield database
    await database.aclose()


@pytest.mark.parametrize("kind", ["transactions", "statements"])
async def test_a_session_is_its_callers(database: Database, kind: str) -> None:
    """Of few connections, which all of them share."""
    sessions = database.transactions if kind == "transactions" else database.statements
    for caller, seen in ((A, ["a-1"]), (B, ["b-1"]), (ITSELF, ["a-1", "b-1"]), (A, ["a-1"])):
        with as_caller(caller):
            async with sessions() as session:
                assert [*await session.scalars(text(ASKED))] == seen
                assert [*await session.scalars(text(ASKED))] == seen


async def test_what_a_bound_caller_writes_by_single_statements_stays(database: Database) -> None:
    insert = "insert into input_objects (id, payload, content_hash) values ('a-2', '{}', '')"
    with as_caller(A):
        async with database.statements() as session:
            await session.execute(text(insert))
        with suppress(KeyError):
            async with database.statements() as session:
                await session.execute(text(insert.replace("a-2", "a-3")))
                raise KeyError
    async with database.statements() as session:
        assert [*await session.scalars(text(ASKED))] == ["a-1", "a-2", "b-1"]


async def test_nothing_of_another_is_written(database: Database) -> None:
    with as_caller(A), pytest.raises(Exception, match="row-level security"):
        async with database.transactions.begin() as session:
            await session.execute(text("insert into input_objects values ('b-2', '{}', '')"))
    with as_caller(A):
        async with database.transactions.begin() as session:
            await session.execute(text("update input_objects set content_hash = 'x'"))
            await session.execute(text("delete from input_objects where id = 'b-1'"))
    async with database.transactions() as session:
        changed = await session.scalars(text("select id from input_objects where content_hash = 'x'"))
        assert [*changed] == ["a-1"]
        assert [*await session.scalars(text(ASKED))] == ["a-1", "b-1"]


@pytest.mark.parametrize("pooler", [False, True])
async def test_what_goes_directly_is_its_callers(walled: Settings, pooler: bool) -> None:
    chosen = walled if walled.database_pooler else walled.model_copy(update={"database_pooler": pooler})
    direct = create_direct(chosen)
    asked = Statement(ASKED)
    try:
        for caller, seen in ((A, ["a-1"]), (B, ["b-1"]), (ITSELF, ["a-1", "b-1"]), (A, ["a-1"])) * 2:
            with as_caller(caller):
                assert [row["id"] for row in await direct.fetch(asked, {})] == seen
        with as_caller(A):
            assert [row["id"] for row in await direct.fetch(asked, {}, binding=B.binding)] == ["b-1"]
            assert len(await direct.fetch(asked, {}, binding=UNBOUND)) == 2
            many = await asyncio.gather(
                *(direct.fetch(asked, {}, binding=Binding(f"{name}-")) for name in "abab" * 10)
            )
        assert [[row["id"] for row in rows] for rows in many] == [["a-1"], ["b-1"]] * 20
    finally:
        await direct.aclose()


async def test_a_connection_is_told_only_what_is_new(
    walled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    if walled.database_pooler:
        pytest.skip("each transaction is told")
    said: list[str] = []
    fetch = asyncpg.Connection.fetch

    async def noting(connection: Connection, query: str, *given: object) -> list[asyncpg.Record]:
        said.append(query)
        return await fetch(connection, query, *given)

    monkeypatch.setattr(asyncpg.Connection, "fetch", noting)
    direct = create_direct(walled)
    for binding in (UNBOUND, UNBOUND, A.binding, A.binding, UNBOUND, UNBOUND):
        await direct.fetch(TOLD, {}, binding=binding)
    await direct.aclose()
    assert [number for number, query in enumerate(said) if "set_config" in query] == [2, 5]


async def test_a_connection_that_could_not_be_told_is_not_used_again(walled: Settings) -> None:
    direct = create_direct(walled)
    [first] = await direct.fetch(TOLD, {}, binding=UNBOUND)
    with pytest.raises(asyncpg.PostgresError):
        await direct.fetch(TOLD, {}, binding=Binding("a\x00"))
    [second] = await direct.fetch(TOLD, {}, binding=UNBOUND)
    assert second["told"] in (None, "")
    assert second["server"] != first["server"]
    await direct.aclose()
