"""A worker's connection to the queue, lost in every way, and tasks that another worker has by now."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from pgqueuer import Job, Queries
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions
from app.db.queue import queue as queues
from app.db.queue import tasks
from app.db.queue.queue import Queue, QueueLost
from tests.support.eventually import until
from tests.support.postgres import query

SILENT = timedelta(seconds=10)


@pytest.fixture
async def queue(settings: Settings) -> AsyncIterator[Queue]:
    queue = Queue(settings)
    yield queue
    await queue.aclose()


async def put(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(text("insert into models (name) values ('m')"))
        await tasks.enqueue(session, "evaluate", [7])


async def take(queue: Queue) -> Job | None:
    return await queue.take(["evaluate"], silent=SILENT)


async def taken(queue: Queue) -> Job:
    job = await take(queue)
    assert job is not None
    return job


CUT = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""


async def test_a_connection_that_was_cut_is_noticed_at_once_and_replaced(
    queue: Queue, sessions: Sessions, database_url: str
) -> None:
    await put(sessions)
    await queue.beat([])
    queue.told.clear()
    await asyncio.to_thread(query, database_url, CUT)
    await until(queue.told.is_set)
    assert (await taken(queue)).payload == b"7"
    queue.told.clear()
    another = "insert into pgqueuer (priority, status, entrypoint) values (0, 'queued', 'evaluate')"
    await asyncio.to_thread(query, database_url, another)
    await until(queue.told.is_set)  # it hears again, too


@pytest.mark.parametrize(
    "failure",
    [
        asyncpg.InternalClientError("cannot switch to state 12"),
        asyncpg.InterfaceError("another operation is in progress"),
        asyncpg.AdminShutdownError("terminating connection"),
        ConnectionResetError(),
        AttributeError("'NoneType' object has no attribute 'send'"),
    ],
)
async def test_whatever_the_driver_raises_costs_one_connection(
    queue: Queue, sessions: Sessions, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    async def fail(*_: object, **__: object) -> list[Job]:
        raise failure

    await put(sessions)
    with monkeypatch.context() as broken:
        broken.setattr(Queries, "dequeue", fail)
        with pytest.raises(QueueLost) as caught:
            await take(queue)
    assert caught.value.__cause__ is failure
    assert (await taken(queue)).payload == b"7"


async def test_a_server_that_does_not_answer_is_given_up(
    queue: Queue, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "ANSWER_SECONDS", 0.1)
    await put(sessions)
    with pytest.raises(QueueLost):
        await queue.do(lambda connection, _: connection.fetch("select pg_sleep(60)"))
    monkeypatch.undo()
    assert (await taken(queue)).payload == b"7"


async def test_an_error_of_any_text_ends_a_task_and_none_is_kept(queue: Queue, sessions: Sessions) -> None:
    failure = ValueError("\0 \ud800 a customer's name")
    await put(sessions)
    await queue.put_back(await taken(queue), timedelta(), failure)
    await queue.end(await taken(queue), failure)
    async with sessions() as session:
        assert (await session.scalars(text("select status from pgqueuer"))).all() == ["failed"]
        kept = (await session.scalars(text("select traceback::text from pgqueuer_log"))).all()
    records = [record for record in kept if record is not None]
    assert len(records) == 2
    assert all("builtins.ValueError" in record and "customer" not in record for record in records)


async def test_what_another_worker_has_is_left_to_it(
    queue: Queue, sessions: Sessions, settings: Settings
) -> None:
    await put(sessions)
    job = await taken(queue)
    async with sessions.begin() as session:
        await session.execute(text("update pgqueuer set queue_manager_id = :other"), {"other": uuid4()})
    await queue.end(job)
    await queue.put_back(job, timedelta(), ConnectionResetError())
    async with sessions() as session:
        assert (await session.scalars(text("select status from pgqueuer"))).all() == ["picked"]
        assert (await session.scalars(text("select attempts from pgqueuer"))).all() == [0]
