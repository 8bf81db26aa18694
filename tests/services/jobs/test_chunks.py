"""The work on chunks: retried, given up, taken away, cancelled, and never paid for twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.core.errors import BackendDown, InvalidInput
from app.core.settings import Settings
from app.db.jobs import chunks as rows
from app.services.jobs import chunks, jobs
from app.services.jobs.chunks import MOST_CRASHES
from app.services.predictions.predictor import Ask, Predictor
from app.services.runtime import Runtime
from tests.support.aws_stub import Answer, AwsStub, Request, error, model_error
from tests.support.jobs import ask, chunk_of, look, queued, runtime_with_orders
from tests.support.locks import until_it_is_waited_for
from tests.support.orders import answer_ten_times, invocations


@pytest.fixture
async def runtime(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    """Ten orders, so that a job on all of them has chunks of 3, 3, 3 and 1."""
    aws.respond = answer_ten_times
    async with runtime_with_orders(settings, monkeypatch, 10) as runtime:
        yield runtime


def failing(request: Request) -> Answer:
    return error("InternalFailure", 500)


async def start(runtime: Runtime, chunk_id: int) -> rows.Chunk:
    """An attempt that a worker begins, and leaves behind."""
    async with runtime.database.transactions.begin() as session:
        chunk = await rows.start(session, chunk_id)
    assert chunk is not None
    return chunk


async def test_a_job_is_done_when_its_chunks_are(runtime: Runtime, aws: AwsStub) -> None:
    job = await ask(runtime, all=True)
    assert (job.state, job.records, job.started_at) == ("queued", 10, None)
    tasks = await queued(runtime.database.transactions)
    assert len(tasks) == 4
    for done, chunk_id in enumerate(tasks):
        now = await look(runtime, job)
        assert (now.state == "queued", now.predicted) == (done == 0, 3 * done)
        await chunks.run(runtime, chunk_id)
    done_job = await look(runtime, job)
    assert (done_job.state, done_job.predicted, done_job.hits, done_job.failed) == ("done", 10, 0, 0)
    assert done_job.started_at is not None
    assert done_job.finished_at is not None
    assert done_job.records_per_second is not None
    assert done_job.seconds_left is None
    assert len(invocations(aws)) == 4

    again = await ask(runtime, all=True)
    for chunk_id in (await queued(runtime.database.transactions))[4:]:
        await chunks.run(runtime, chunk_id)
    assert ((await look(runtime, again)).hits, len(invocations(aws))) == (10, 4)


async def test_of_chunks_that_end_at_once_the_second_ends_the_job(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    job = await ask(runtime, ids=["r0", "r1", "r2", "r3"])
    first, second = [await start(runtime, chunk_id) for chunk_id in await queued(sessions)]

    async def finish_second() -> None:
        async with sessions.begin() as session:
            assert await rows.finish(session, second, rows.Finished([None], 0, {}))

    async with asyncio.TaskGroup() as group, sessions.begin() as session:
        assert await rows.finish(session, first, rows.Finished([None] * 3, 0, {}))
        group.create_task(finish_second())
        await until_it_is_waited_for(session)
    assert (await look(runtime, job)).state == "done"


async def test_what_cannot_be_predicted_fails_alone(runtime: Runtime, aws: AwsStub) -> None:
    aws.respond = lambda request: model_error(400) if b"1.0" in request.body else answer_ten_times(request)
    job = await ask(runtime, ids=["r0", "none", "r1"])
    [chunk_id] = await queued(runtime.database.transactions)
    await chunks.run(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.failed) == ("done", 1, 2)
    chunk = await chunk_of(runtime, chunk_id)
    assert chunk.record_ids == ["none", "r0", "r1"]
    assert [one is None for one in chunk.prediction_ids or []] == [True, False, True]
    assert isinstance(chunk.errors, dict)
    assert chunk.errors["none"] == {"slug": "not-found", "detail": "There is no record 'none'."}
    assert set(chunk.errors) == {"none", "r1"}


async def test_an_outage_of_the_platform_is_tried_again_and_not_repeated(
    runtime: Runtime, aws: AwsStub
) -> None:
    """A retry asks only for what the attempt before did not get."""
    job = await ask(runtime, ids=["r0", "r1"])
    [chunk_id] = await queued(runtime.database.transactions)
    await runtime.predictor.predict("r0", Ask("transit"))
    aws.respond = failing
    with pytest.raises(BackendDown):
        await chunks.run(runtime, chunk_id)
    chunk = await chunk_of(runtime, chunk_id)
    assert (chunk.state, chunk.attempts, chunk.prediction_ids) == ("queued", 0, None)
    assert (await look(runtime, job)).state == "running"
    aws.respond = answer_ten_times
    async with runtime.database.transactions.begin() as session:
        await session.execute(text("update inference_claims set retry_at = now()"))  # failure_hold is over
    await chunks.run(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.hits) == ("done", 2, 1)
    assert invocations(aws)[-1].body.decode().split() == ["1.0"]


async def test_an_outage_that_lasts_is_noted(runtime: Runtime, aws: AwsStub) -> None:
    aws.respond = failing
    job = await ask(runtime, ids=["r0"])
    [chunk_id] = await queued(runtime.database.transactions)
    for _ in range(MOST_CRASHES + 1):
        with pytest.raises(BackendDown):
            await chunks.run(runtime, chunk_id)
    await start(runtime, chunk_id)  # one that dies: those that waited did not
    await chunks.run(runtime, chunk_id, last=True)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.failed) == ("done", 0, 1)
    errors = (await chunk_of(runtime, chunk_id)).errors
    assert isinstance(errors, dict)
    assert isinstance(errors["r0"], dict)
    assert errors["r0"]["slug"] == "backend-down"


async def test_a_chunk_whose_workers_die_is_given_up(runtime: Runtime, aws: AwsStub) -> None:
    job = await ask(runtime, all=True)
    first, *others = await queued(runtime.database.transactions)
    for _ in range(MOST_CRASHES):
        await start(runtime, first)
    await chunks.run(runtime, first)
    assert (await chunk_of(runtime, first)).state == "failed"
    assert (await look(runtime, job)).state == "running"
    for chunk_id in others:
        await chunks.run(runtime, chunk_id)
    failed = await look(runtime, job)
    assert (failed.state, failed.predicted, failed.failed) == ("failed", 7, 3)
    assert failed.error == "Chunk 0 could not be finished: The workers that took it on died."
    await chunks.run(runtime, first)
    assert len(invocations(aws)) == len(others)


async def test_a_worker_killed_before_it_could_finish_costs_no_inference(
    runtime: Runtime, aws: AwsStub
) -> None:
    job = await ask(runtime, ids=["r0", "r1"])
    [chunk_id] = await queued(runtime.database.transactions)
    chunk = await start(runtime, chunk_id)
    await runtime.predictor.predict_many(chunk.record_ids, Ask(chunk.model, chunk.version))
    paid = len(invocations(aws))
    await chunks.run(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.hits) == ("done", 2, 2)
    assert len(invocations(aws)) == paid


async def test_a_worker_that_was_thought_dead_cannot_finish_what_another_has(runtime: Runtime) -> None:
    job = await ask(runtime, ids=["r0"])
    [chunk_id] = await queued(runtime.database.transactions)
    stale = await start(runtime, chunk_id)
    current = await start(runtime, chunk_id)
    assert (current.attempt, current.left_behind, stale.left_behind) == (2, True, False)
    nothing = rows.Finished([None], 0, {"r0": ("internal", "stale")})
    async with runtime.database.transactions.begin() as session:
        assert not await rows.finish(session, stale, nothing)
        assert not await rows.fail(session, stale, "stale")
        await rows.hand_back(session, stale)
    assert (await chunk_of(runtime, chunk_id)).state == "running"
    found = await runtime.predictor.predict("r0", Ask("transit"))
    async with runtime.database.transactions.begin() as session:
        assert await rows.finish(session, current, rows.Finished([found.id], 0, {}))
        assert not await rows.finish(session, current, nothing)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.error) == ("done", 1, None)


async def test_two_workers_on_one_chunk_infer_once(runtime: Runtime, aws: AwsStub) -> None:
    job = await ask(runtime, ids=["r0", "r1"])
    [chunk_id] = await queued(runtime.database.transactions)
    await asyncio.gather(*(chunks.run(runtime, chunk_id) for _ in range(2)))
    done = await look(runtime, job)
    assert (done.state, done.predicted, len(invocations(aws))) == ("done", 2, 1)


async def test_a_cancelled_job_stops_and_goes_on_where_it_was(runtime: Runtime, aws: AwsStub) -> None:
    sessions = runtime.database.transactions
    job = await ask(runtime, all=True)
    first, second, *others = await queued(sessions)
    await chunks.run(runtime, first)
    under_way = await start(runtime, second)
    await jobs.cancel(sessions, job.id)
    for chunk_id in others:
        await chunks.run(runtime, chunk_id)
    cancelled = await look(runtime, job)
    assert (cancelled.state, cancelled.predicted, len(invocations(aws))) == ("cancelled", 3, 1)
    assert cancelled.finished_at is not None

    resumed = await jobs.resume(sessions, job.id)
    assert (resumed.state, resumed.predicted, resumed.finished_at) == ("queued", 3, None)
    assert (await queued(sessions))[4:] == [second, *others]
    async with sessions.begin() as session:
        assert not await rows.finish(session, under_way, rows.Finished([None] * 3, 0, {}))
    for chunk_id in [second, *others]:
        await chunks.run(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.hits, done.failed) == ("done", 10, 0, 0)
    assert len(invocations(aws)) == 4


async def test_a_chunk_that_lands_after_the_job_was_cancelled_is_kept(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    job = await ask(runtime, ids=["r0"])
    [chunk_id] = await queued(sessions)
    chunk = await start(runtime, chunk_id)
    found = await runtime.predictor.predict("r0", Ask("transit"))
    await jobs.cancel(sessions, job.id)
    async with sessions.begin() as session:
        assert await rows.finish(session, chunk, rows.Finished([found.id], 0, {}))
    cancelled = await look(runtime, job)
    assert (cancelled.state, cancelled.predicted) == ("cancelled", 1)
    assert (await jobs.resume(sessions, job.id)).state == "done"
    assert len(await queued(sessions)) == 1


async def test_a_stop_hands_the_chunk_back(runtime: Runtime, aws: AwsStub) -> None:
    await ask(runtime, ids=["r0"])
    [chunk_id] = await queued(runtime.database.transactions)
    before = len(aws.requests)
    task = asyncio.create_task(chunks.run(runtime, chunk_id))
    await aws.received(before + 1)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    chunk = await chunk_of(runtime, chunk_id)
    assert (chunk.state, chunk.attempts) == ("queued", 0)


async def run_into(failure: Exception, runtime: Runtime, chunk_id: int) -> None:
    """An attempt in which predicting raises ``failure``."""

    async def fail(*_: object) -> None:
        raise failure

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Predictor, "predict_many", fail)
        with pytest.raises(type(failure)):
            await chunks.run(runtime, chunk_id)


async def test_a_bug_fails_the_chunk_and_says_nothing_of_it(runtime: Runtime) -> None:
    job = await ask(runtime, ids=["r0"])
    [chunk_id] = await queued(runtime.database.transactions)
    await run_into(KeyError("secret"), runtime, chunk_id)
    failed = await look(runtime, job)
    assert (failed.state, failed.failed) == ("failed", 1)
    assert "secret" not in (failed.error or "")
    resumed = await jobs.resume(runtime.database.transactions, job.id)
    assert (resumed.state, resumed.failed, resumed.error) == ("queued", 0, None)
    await chunks.run(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.state, done.error, done.predicted, done.failed) == ("done", None, 1, 0)


async def test_an_outage_of_the_database_is_left_to_another_attempt(runtime: Runtime) -> None:
    job = await ask(runtime, ids=["r0"])
    [chunk_id] = await queued(runtime.database.transactions)
    await run_into(ConnectionResetError(), runtime, chunk_id)
    assert (await chunk_of(runtime, chunk_id)).state == "queued"
    await chunks.run(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.state, done.predicted) == ("done", 1)


async def test_what_is_not_there_is_no_work(runtime: Runtime, aws: AwsStub) -> None:
    job = await ask(runtime, all=True)
    await chunks.run(runtime, 10**9)
    assert await look(runtime, job) == job
    assert invocations(aws) == []


async def test_batch_transform_needs_a_version_that_has_it(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.respond = answer_ten_times
    stored = settings.model_copy(update={"storage_url": "s3://bucket"})
    async with runtime_with_orders(stored, monkeypatch, 1) as runtime:
        with pytest.raises(InvalidInput, match="transform"):
            await ask(runtime, all=True, engine="sagemaker-batch-transform")
        assert await queued(runtime.database.transactions, "batch_transform") == []
