"""Jobs on a platform that answers later: no worker waits for it."""

from collections.abc import AsyncIterator

import pytest
from pgqueuer import RetryRequested

from app.core.settings import Settings
from app.services.jobs import chunks, jobs, results
from app.services.records import records
from app.services.runtime import Runtime
from tests.services.operations.test_fetching import change, step
from tests.services.operations.test_single_flight import place
from tests.support.aws_stub import AwsStub
from tests.support.jobs import ask, chunk_of, look, queued
from tests.support.later_stub import LaterStub, later_runtime
from tests.support.operations import operate
from tests.support.orders import order
from tests.support.use_case import TRANSIT


@pytest.fixture
def later(aws: AwsStub) -> LaterStub:
    return LaterStub(aws, is_open=False)


@pytest.fixture
async def runtime(settings: Settings, later: LaterStub) -> AsyncIterator[Runtime]:
    async with later_runtime(settings.model_copy(update={"failure_hold": 0})) as runtime:
        await records.put(runtime.sessions, TRANSIT, "c", order(3.5))
        yield runtime


async def attempt(runtime: Runtime, chunk_id: int) -> bool:
    """Whether it is to be looked at again."""
    try:
        await chunks.run(runtime, chunk_id)
    except RetryRequested:
        return True
    return False


async def test_a_chunk_is_handed_back_until_all_of_it_is_answered(runtime: Runtime, later: LaterStub) -> None:
    job = await ask(runtime, ids=["a", "b", "c", "same", "none"])
    [chunk_id] = await queued(runtime.sessions)
    assert [await attempt(runtime, chunk_id) for _ in range(3)] == [True] * 3
    chunk = await chunk_of(runtime, chunk_id)
    assert (chunk.state, chunk.attempts) == ("queued", 0)
    later.failing = frozenset({b"2.5"})
    later.open()
    await operate(runtime)
    assert not await attempt(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.failed, done.hits) == ("done", 3, 2, 0)
    lines = "".join([part async for part in await results.read(runtime.sessions, job.id, "ndjson")])
    assert ("it refused the rows" in lines, "There is no record 'none'" in lines) == (True, True)
    assert len(later.taken) == 3


async def test_what_failed_is_not_sent_again_while_the_others_are_waited_for(
    runtime: Runtime, later: LaterStub
) -> None:
    await ask(runtime, ids=["a", "b"])
    [chunk_id] = await queued(runtime.sessions)
    assert await attempt(runtime, chunk_id)
    await _fail_the_first(runtime, later)
    assert await attempt(runtime, chunk_id)
    assert len(later.taken) == 2


async def _fail_the_first(runtime: Runtime, later: LaterStub) -> None:
    await step(runtime)
    later.fail(0, "Received client error (400) from primary")
    await step(runtime)


async def test_a_job_that_is_cancelled_waits_for_nothing(runtime: Runtime, later: LaterStub) -> None:
    job = await ask(runtime, ids=["a"])
    [chunk_id] = await queued(runtime.sessions)
    assert await attempt(runtime, chunk_id)
    await jobs.cancel(runtime.sessions, job.id)
    assert not await attempt(runtime, chunk_id)


async def test_what_another_record_was_deleted_for_is_asked_for_anew(
    runtime: Runtime, later: LaterStub
) -> None:
    await place(runtime, "a")
    job = await ask(runtime, ids=["same"])
    [chunk_id] = await queued(runtime.sessions)
    assert await attempt(runtime, chunk_id)
    await records.delete(runtime.sessions, "a")
    assert await attempt(runtime, chunk_id)
    await _answer(runtime, later)
    assert not await attempt(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.predicted, done.failed) == (1, 0)


async def test_a_new_release_asks_for_what_was_begun_by_the_old_one(
    runtime: Runtime, later: LaterStub
) -> None:
    """Whose workers may be gone: they alone would finish it."""
    job = await ask(runtime, ids=["a", "b"])
    [chunk_id] = await queued(runtime.sessions)
    assert await attempt(runtime, chunk_id)
    await step(runtime)
    await change(runtime, "update operations set pipeline_version = 'old'")
    assert [await attempt(runtime, chunk_id) for _ in range(2)] == [True, True]
    await _answer(runtime, later)
    assert not await attempt(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.predicted, done.failed, len(later.taken)) == (2, 0, 4)


async def test_a_job_that_goes_on_asks_again_for_what_failed_meanwhile(
    runtime: Runtime, later: LaterStub
) -> None:
    job = await ask(runtime, ids=["a"])
    [chunk_id] = await queued(runtime.sessions)
    assert await attempt(runtime, chunk_id)
    await jobs.cancel(runtime.sessions, job.id)
    await _fail_the_first(runtime, later)
    await jobs.resume(runtime.sessions, job.id)
    assert await attempt(runtime, chunk_id)
    await _answer(runtime, later)
    assert not await attempt(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.failed) == ("done", 1, 0)


async def _answer(runtime: Runtime, later: LaterStub) -> None:
    """All that is our code's."""
    await step(runtime)
    later.open()
    await step(runtime)
