"""A server that falls silent: every wait for it ends, and nobody asks the dead a second time."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.core.settings import Settings
from app.db import direct, listener
from app.db.direct import Statement
from app.db.engine import OUTAGES, Database, is_outage, open_database
from app.db.listener import Listener
from app.db.server import connecting, patience
from app.db.server.patience import patient
from tests.support.eventually import TIMEOUT, until
from tests.support.line import Line, line_to

ONE = Statement("select 1 as one")
SLOW = text("select pg_sleep(1)")


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "ANSWER", 0.5)
    monkeypatch.setattr(patience, "FIRST_ANSWER", 0.2)
    monkeypatch.setattr(patience, "CONNECT_TIMEOUT", 0.5)
    monkeypatch.setattr(connecting, "CONNECT_TIMEOUT", 0.5)
    monkeypatch.setattr(direct, "ANSWER", 0.5)
    monkeypatch.setattr(direct, "FIRST_ANSWER", 0.2)
    monkeypatch.setattr(listener, "CHECK_EVERY", 0.3)
    monkeypatch.setattr(listener, "ANSWER", 0.5)


@pytest.fixture
def line(database_url: str) -> Iterator[Line]:
    with line_to(database_url) as line:
        yield line


@pytest.fixture
async def database(settings: Settings, line: Line) -> AsyncIterator[Database]:
    chosen = {"database_url": SecretStr(line.url), "database_direct_url": None, "database_pooler": False}
    database = open_database(settings.model_copy(update=chosen))
    yield database
    async with asyncio.timeout(TIMEOUT):
        await database.aclose()


async def test_a_lookup_ends_and_the_next_one_asks_anew(database: Database, line: Line) -> None:
    await database.direct.fetch(ONE, {})
    line.die()
    async with asyncio.timeout(TIMEOUT):
        with pytest.raises(OSError) as caught:
            await database.direct.fetch(ONE, {})
        assert is_outage(caught.value)
        line.revive()
        assert await database.direct.fetch(ONE, {})


async def test_a_lookup_on_a_dead_connection_is_answered_by_a_new_one(database: Database, line: Line) -> None:
    await database.direct.fetch(ONE, {})
    line.die()
    line.revive()
    async with asyncio.timeout(TIMEOUT):
        assert await database.direct.fetch(ONE, {})


async def test_a_session_ends_and_all_connections_are_replaced(database: Database, line: Line) -> None:
    async def ask() -> None:
        async with database.transactions() as session:
            await session.execute(text("select 1"))

    await asyncio.gather(ask(), ask(), ask())
    line.die()
    async with asyncio.timeout(TIMEOUT):
        with pytest.raises(OUTAGES) as caught:
            await ask()
        assert is_outage(caught.value)
        line.revive()
        await asyncio.gather(ask(), ask(), ask())


async def test_a_commit_ends(database: Database, line: Line) -> None:
    async with asyncio.timeout(TIMEOUT), database.transactions() as session:
        await session.execute(text("create table written (one int)"))
        line.die()
        with pytest.raises(OUTAGES) as caught:
            await session.commit()
        assert is_outage(caught.value)


async def test_what_works_on_a_whole_table_may_take_its_time(database: Database) -> None:
    async with database.transactions() as session:
        await session.execute(patient(SLOW))
        with pytest.raises(OUTAGES) as caught:
            await session.execute(SLOW)
    assert is_outage(caught.value)


async def test_the_listener_notices_and_listens_again(settings: Settings, line: Line) -> None:
    chosen = {"database_url": SecretStr(line.url), "database_direct_url": None, "database_pooler": False}
    listening = Listener(settings.model_copy(update=chosen))
    listening.start()
    await until(lambda: listening.beacon is not None)
    first = listening.beacon
    line.die()
    await until(lambda: listening.beacon is None)
    line.revive()
    await until(lambda: listening.beacon not in (None, first))
    line.die()
    async with asyncio.timeout(TIMEOUT):
        await listening.aclose()
