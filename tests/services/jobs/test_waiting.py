"""Chunks of jobs that a platform has no answer for yet: they wait, and go on where they were."""

import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import text

from app.core.errors import BackendRejected, BackendThrottled, NotInTime
from app.core.settings import Settings
from app.services.jobs import chunks
from app.services.jobs.chunks import MOST_CRASHES
from app.services.predictions.predictor import Answer as Answered
from app.services.predictions.predictor import Ask
from app.services.records import records
from app.services.runtime import Runtime, open_runtime
from tests.backends.test_not_ready import NO_CAPACITY
from tests.support.aws_stub import Answer, AwsStub, Request, error, model_error
from tests.support.jobs import ask, chunk_of, look, queued
from tests.support.orders import answer_ten_times, order, prepare
from tests.support.use_case import TRANSIT

RECORDS, BAD = 60, {3, 14, 15, 35, 48, 59}


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    """Sixty orders, on a platform that is called once at a time, and too little time for all of them."""
    aws.respond = answer_ten_times
    hurried = settings.model_copy(
        update={"predict_timeout": 2, "inference_concurrency": 1, "failure_hold": 0}
    )
    async with open_runtime(hurried) as runtime:
        await prepare(runtime.predictor)
        await records.delete(runtime.database.transactions, "a")
        for index in range(RECORDS):
            await records.put(runtime.database.transactions, TRANSIT, f"r{index:02}", order(float(index)))
        yield runtime


async def chunk_for(runtime: Runtime) -> int:
    [chunk_id] = await queued(runtime.database.transactions)
    return chunk_id


async def test_a_component_scaled_to_zero_is_waited_for_and_costs_no_record(
    runtime: Runtime, aws: AwsStub
) -> None:
    job, chunk_id = await ask(runtime, all=True), await chunk_for(runtime)
    aws.respond = lambda request: error("ValidationError", 400, NO_CAPACITY)
    for _ in range(MOST_CRASHES + 2):
        with pytest.raises(BackendThrottled):
            await chunks.run(runtime, chunk_id)
    chunk = await chunk_of(runtime, chunk_id)
    assert (chunk.state, chunk.attempts) == ("queued", 0)
    aws.respond = answer_ten_times
    async with runtime.database.transactions.begin() as session:
        await session.execute(text("update content_claims set retry_at = now()"))
    await chunks.run(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.failed) == ("done", RECORDS, 0)


def slow_and_refusing(request: Request) -> Answer:
    """Some twenty calls in the time that there is, which is too few to find all bad rows."""
    if "invocations" not in request.path:
        return answer_ten_times(request)
    time.sleep(0.08)
    sent = {int(float(row)) for row in request.body.decode().split()}
    return model_error(400) if sent & BAD else answer_ten_times(request)


async def test_what_a_search_found_in_time_reaches_its_caller(runtime: Runtime, aws: AwsStub) -> None:
    aws.respond = slow_and_refusing
    answers = await runtime.predictor.predict_many(
        [f"r{index:02}" for index in range(RECORDS)], Ask("transit")
    )
    found = {record_id for record_id, one in answers.items() if isinstance(one, Answered)}
    assert found
    assert not found & {f"r{index:02}" for index in BAD}
    assert {type(one) for one in answers.values()} <= {Answered, BackendRejected, NotInTime}


async def test_a_job_searches_for_bad_rows_to_the_end(runtime: Runtime, aws: AwsStub) -> None:
    """Over as many deadlines as it takes, each of which leaves rows untried."""
    aws.respond = slow_and_refusing
    job, chunk_id = await ask(runtime, all=True), await chunk_for(runtime)
    while (await chunk_of(runtime, chunk_id)).state == "queued":
        with suppress(NotInTime):
            await chunks.run(runtime, chunk_id)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.failed) == ("done", RECORDS - len(BAD), len(BAD))
    errors = (await chunk_of(runtime, chunk_id)).errors
    assert isinstance(errors, dict)
    assert set(errors) == {f"r{index:02}" for index in BAD}
    assert {str(one) for one in errors.values() if "backend-rejected" not in str(one)} == set()
