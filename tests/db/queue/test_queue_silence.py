"""A worker's connections, dead without a word: the queue's is found to be, and tells of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import OUTAGES, Database, open_database
from app.db.queue import queue as queues
from app.db.queue.queue import Queue, QueueLost
from app.db.server import patience
from app.db.server.patience import patient
from app.db.server.silence import GRACE
from tests.support.eventually import TIMEOUT
from tests.support.line import Line, line_to

LONG = 600.0
SLOW = text("select pg_sleep(1)")


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in queues, patience:
        monkeypatch.setattr(module, "FIRST_ANSWER", 0.2)
    monkeypatch.setattr(queues, "ANSWER_SECONDS", LONG)
    monkeypatch.setattr(patience, "ANSWER", LONG)


@pytest.fixture
def line(database_url: str) -> Iterator[Line]:
    with line_to(database_url) as line:
        yield line


@pytest.fixture
async def database(settings: Settings, line: Line) -> AsyncIterator[Database]:
    database = open_database(_by(settings, line))
    yield database
    database.suspect()
    await database.aclose()


@pytest.fixture
async def queue(settings: Settings, line: Line, database: Database) -> AsyncIterator[Queue]:
    queue = Queue(_by(settings, line), database.suspect)
    await queue.beat([])
    yield queue
    await queue.aclose()


def _by(settings: Settings, line: Line) -> Settings:
    chosen = {"database_url": SecretStr(line.url), "database_direct_url": None, "database_pooler": False}
    return settings.model_copy(update=chosen)


async def test_one_that_was_idle_is_replaced_without_a_word(
    queue: Queue, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "IDLE", 0.0)
    line.die()
    line.revive()
    async with asyncio.timeout(TIMEOUT):
        await queue.beat([])


async def test_one_that_was_just_used_is_given_up_soon(queue: Queue, line: Line) -> None:
    line.die()
    line.revive()
    async with asyncio.timeout(TIMEOUT):
        with pytest.raises(QueueLost):
            await queue.beat([])
        await queue.beat([])


async def test_what_is_under_way_beside_it_ends_too(queue: Queue, line: Line, database: Database) -> None:
    """In the middle of a transaction, where a statement may wait for a lock, and so for long."""
    async with database.transactions() as session:
        await session.execute(text("select 1"))
        line.die()
        asked = asyncio.create_task(session.execute(text("select 1")))
        await asyncio.sleep(0)
        async with asyncio.timeout(TIMEOUT):
            with pytest.raises(QueueLost):
                await queue.beat([])
            with pytest.raises(OUTAGES):
                await asked


async def test_but_not_what_may_take_its_time(database: Database) -> None:
    async with database.transactions() as session:
        await session.execute(text("select 1"))
        asked = asyncio.create_task(session.execute(patient(SLOW)))
        await asyncio.sleep(0.1)
        database.suspect()
        await asked


async def test_what_it_had_locked_is_free_again(queue: Queue, line: Line, database: Database) -> None:
    """The server hears nothing of a connection that is cut where its line is dead."""
    lock = text("update models set name = name")
    async with database.transactions.begin() as session:
        await session.execute(text("insert into models (name) values ('transit')"))
    async with database.transactions() as session:
        await session.execute(lock)
        line.die()
        asked = asyncio.create_task(session.execute(text("select 1")))
        await asyncio.sleep(0)
        database.suspect()
        with pytest.raises(OUTAGES):
            await asked
    line.revive()
    with suppress(QueueLost):
        await queue.beat([])
    async with asyncio.timeout(TIMEOUT):
        with pytest.raises(QueueLost), database.dead() as cut:
            raise QueueLost
        with database.dead() as cut:
            assert await queue.end_stuck(cut) == 1
        with database.dead() as cut:
            assert cut == []
        async with database.transactions.begin() as session:
            await session.execute(lock)


async def test_one_that_has_ended_by_itself_is_no_trouble(database: Database) -> None:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        database.watch.begin(driver, 0.0)
        driver.terminate()
        await asyncio.sleep(2 * GRACE)
        await connection.invalidate()
    with database.dead() as cut:
        assert (faults, cut) == ([], [])


async def test_one_that_was_hung_up_on_is_not_used_again(database: Database) -> None:
    async with database.transactions() as session:
        await session.execute(text("select 1"))
    database.suspect()
    async with database.transactions() as session:
        await session.execute(text("select 1"))
