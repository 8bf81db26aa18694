"""What a job leaves out, and what it says where much of it failed."""

from collections.abc import AsyncIterator

import pytest
from pydantic import JsonValue
from sqlalchemy import text
from structlog.typing import EventDict

from app.core.errors import InvalidInput, Misconfigured
from app.core.settings import Settings
from app.schemas.jobs.jobs import PredictionJob, PredictionJobRequest
from app.services.jobs import chunks, jobs
from app.services.jobs.chunks import MOST_CRASHES
from app.services.runtime import Runtime, open_runtime
from tests.support.aws_stub import AwsStub, model_error
from tests.support.jobs import ask, look, queued, runtime_with_orders
from tests.support.orders import answer_ten_times, invocations
from tests.support.use_case import TRANSIT, changed


@pytest.fixture
async def runtime(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    """Ten orders, so that a job on all of them has chunks of 3, 3, 3 and 1."""
    aws.respond = answer_ten_times
    async with runtime_with_orders(settings, monkeypatch, 10) as runtime:
        yield runtime


async def change(runtime: Runtime, statement: str, **values: object) -> None:
    async with runtime.sessions.begin() as session:
        await session.execute(text(statement), values)


async def done(runtime: Runtime, **request: JsonValue) -> PredictionJob:
    """A job whose chunks were worked on."""
    before = len(await queued(runtime.sessions))
    job = await ask(runtime, **request)
    for chunk_id in (await queued(runtime.sessions))[before:]:
        await chunks.run(runtime, chunk_id)
    return await look(runtime, job)


async def test_a_job_of_which_much_failed_says_why_most_did(
    runtime: Runtime, aws: AwsStub, logs: list[EventDict]
) -> None:
    aws.respond = lambda request: (
        model_error(400)
        if {b"0.0", b"1.0", b"2.0"} & set(request.body.split())
        else answer_ten_times(request)
    )
    job = await done(runtime, ids=["none", *(f"r{index}" for index in range(10))])
    said = "4 of 11 records (36%) failed; most often: The model refused the rows (3)."
    assert (job.state, job.failed, job.warning) == ("done", 4, said)
    assert [entry["warning"] for entry in logs if entry.get("job") == job.id and "warning" in entry] == [said]


async def test_a_few_failures_are_no_warning(runtime: Runtime, logs: list[EventDict]) -> None:
    job = await done(runtime, ids=["none", *(f"r{index}" for index in range(9))])
    assert (job.failed, job.warning) == (1, None)
    assert [entry for entry in logs if "warning" in entry] == []


async def test_chunks_that_are_given_up_count_and_a_resumed_job_begins_anew(runtime: Runtime) -> None:
    job = await ask(runtime, all=True)
    first, *others = await queued(runtime.sessions)
    await change(
        runtime,
        "update prediction_job_chunks set state = 'running', attempts = :attempts where id = :id",
        attempts=MOST_CRASHES,
        id=first,
    )
    for chunk_id in (first, *others):
        await chunks.run(runtime, chunk_id)
    failed = await look(runtime, job)
    said = "3 of 10 records (30%) failed; most often: the reason that `error` says (3)."
    assert (failed.state, failed.warning) == ("failed", said)
    assert (await jobs.resume(runtime.sessions, job.id)).warning is None
    await chunks.run(runtime, first)
    again = await look(runtime, job)
    assert (again.state, again.failed, again.warning) == ("done", 0, None)


async def test_records_of_another_use_case_are_left_out_and_counted(runtime: Runtime) -> None:
    await change(runtime, "update input_objects set payload = '{\"tenure\": 3}' where id = 'r0'")
    await change(runtime, "update input_objects set payload = payload - 'origin' where id = 'r1'")
    await change(runtime, "update input_objects set payload = payload || '{\"origin\": 7}' where id = 'r2'")
    for wanted, unfit in (({"all": True}, 2), ({"where": {"carrier": "UA"}}, 1)):
        job = await done(runtime, **wanted)
        assert (job.records, job.unfit, job.without_time) == (8, unfit, 0)
        assert (job.predicted, job.failed) == (7, 1)  # that of r2, which has the field, says why
    asked_for = await done(runtime, ids=["r0", "r3"])
    assert (asked_for.records, asked_for.unfit, asked_for.failed) == (2, 0, 1)


async def test_a_window_counts_whose_time_cannot_be_read(runtime: Runtime) -> None:
    await change(
        runtime,
        "update input_objects set payload = payload || '{\"scheduled_at\": \"soon\"}' where id < 'r2'",
    )
    await change(runtime, "update input_objects set payload = payload - 'scheduled_at' where id = 'r2'")
    job = await ask(runtime, since="2013-01-01T00:00:00Z")
    assert (job.records, job.without_time, job.unfit) == (7, 2, 1)
    outside = await ask(runtime, since="2030-01-01T00:00:00Z")
    assert (outside.records, outside.without_time, outside.unfit) == (0, 2, 1)
    assert (await ask(runtime, all=True)).without_time == 0


async def test_without_a_time_field_a_window_needs_one(runtime: Runtime) -> None:
    timeless = changed(TIME_FIELD=None)
    window: dict[str, JsonValue] = {"model": "transit", "since": "2013-01-01T00:00:00Z"}
    with pytest.raises(InvalidInput) as caught:
        await jobs.ask(
            runtime.sessions, timeless, runtime.settings, PredictionJobRequest.model_validate(window)
        )
    (fault,) = caught.value.errors
    assert fault.field == "time_field"
    assert fault.message.endswith("TIME_FIELD is None; there is observed_at, scheduled_at")
    named = PredictionJobRequest.model_validate(window | {"time_field": "scheduled_at"})
    assert (await jobs.ask(runtime.sessions, timeless, runtime.settings, named)).records == 10


async def test_features_that_are_gone_fail_a_chunk_once_and_are_not_tried_one_by_one(
    runtime: Runtime, aws: AwsStub
) -> None:
    job = await ask(runtime, all=True)
    lacking = changed(FEATURES=("month",))
    async with open_runtime(runtime.settings, lacking) as worker:
        for chunk_id in await queued(runtime.sessions):
            with pytest.raises(Misconfigured):
                await chunks.run(worker, chunk_id)
    failed = await look(runtime, job)
    assert (failed.state, failed.failed) == ("failed", 10)
    assert "takes recent_transit_ratio, which preprocess.FEATURES lacks" in (failed.error or "")
    assert invocations(aws) == []
    await jobs.resume(runtime.sessions, job.id)
    for chunk_id in await queued(runtime.sessions):
        await chunks.run(runtime, chunk_id)
    assert (await look(runtime, job)).predicted == 10
    assert TRANSIT.features != lacking.features
