"""Records that a run does not judge are counted, and a run of which much failed says so."""

from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import JsonValue
from sqlalchemy import text
from structlog.typing import EventDict

from app.core.errors import InvalidInput
from app.core.settings import Settings
from app.schemas.evaluations.runs import EvaluationRequest
from app.schemas.evaluations.schedules import NewSchedule
from app.services.evaluations import runs, schedules
from app.services.runtime import Runtime, open_runtime
from app.services.use_case import UseCase
from tests.support.aws_stub import Answer, AwsStub, Request, csv
from tests.support.judged_orders import evaluate, metric, store_judged_orders
from tests.support.orders import answer_ten_times, invocations, prepare
from tests.support.use_case import changed

TIMELESS = changed(TIME_FIELD=None)
JANUARY: dict[str, JsonValue] = {"since": "2013-01-01T00:00:00Z", "until": "2013-02-01T00:00:00Z"}


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    """A live model, and 40 orders, 20 each of January and February; every fourth has no truth."""
    aws.respond = answer_ten_times
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        await store_judged_orders(runtime.sessions)
        yield runtime


async def change(runtime: Runtime, how: str, *record_ids: str) -> None:
    async with runtime.sessions.begin() as session:
        query = text(f"update input_objects set payload = {how} where id = any(:ids)")
        await session.execute(query, {"ids": list(record_ids)})


async def test_without_window_and_bucket_a_record_needs_no_time(runtime: Runtime) -> None:
    await change(runtime, """payload || '{"scheduled_at": null}'""", "r01", "r02")
    await change(runtime, """payload || '{"scheduled_at": "soon"}'""", "r00", "r03")
    run = await evaluate(runtime, metrics=["mae"])
    assert (run.records, run.labelled, run.without_time) == (41, 30, 0)  # with the preparation's a
    bucketed = await evaluate(runtime, bucket="month")
    assert (bucketed.records, bucketed.labelled, bucketed.without_time) == (37, 27, 3)
    filtered = await evaluate(runtime, None, where={"carrier": "AA"}, **JANUARY)
    assert (filtered.labelled, filtered.without_time) == (1, 0)


async def test_a_moment_that_python_has_none_for_costs_its_record_only(runtime: Runtime) -> None:
    """An earlier release stored such."""
    await change(runtime, """payload || '{"scheduled_at": "0001-01-01T00:00:00+14:00"}'""", "r01")
    await change(runtime, """payload || '{"scheduled_at": "9999-12-31T23:59:59-12:00"}'""", "r02")
    run = await evaluate(runtime)
    assert (run.state, run.labelled, run.predicted, run.failed) == ("done", 30, 28, 2)


async def test_the_inputs_own_null_and_a_word_still_fail_where_they_do_not_fit(runtime: Runtime) -> None:
    await change(runtime, """payload || '{"scheduled_at": "soon"}'""", "r01")
    run = await evaluate(runtime)
    assert (run.labelled, run.predicted, run.failed) == (30, 29, 1)


@pytest.mark.parametrize(
    "asked", [{"bucket": "day"}, {"since": JANUARY["since"]}, {"kind": "drift", "reference": JANUARY}]
)
async def test_a_use_case_without_a_time_field_needs_one_for_times(
    runtime: Runtime, asked: dict[str, JsonValue]
) -> None:
    async def ask(use_case: UseCase, **more: object) -> None:
        request = EvaluationRequest.model_validate(asked | more)
        await runs.ask(runtime.sessions, use_case, request, default_model="transit")

    with pytest.raises(InvalidInput) as caught:
        await ask(TIMELESS)
    (fault,) = caught.value.errors
    assert (fault.field, fault.message.partition(",")[0]) == (
        "time_field",
        "needed for a window or buckets of time",
    )
    assert fault.message.endswith("there is observed_at, scheduled_at")
    await ask(TIMELESS, time_field="scheduled_at")


async def test_without_a_time_field_everything_is_judged_and_a_schedule_needs_no_window(
    runtime: Runtime,
) -> None:
    async with open_runtime(runtime.settings, TIMELESS) as timeless:
        run = await evaluate(timeless)
    assert (run.state, run.labelled, run.without_time) == ("done", 30, 0)
    await schedules.put(runtime.sessions, TIMELESS, "transit", NewSchedule(cron="0 6 * * 1"))
    with pytest.raises(InvalidInput, match="cannot be run as asked"):
        await schedules.put(
            runtime.sessions, TIMELESS, "transit", NewSchedule(cron="0 6 * * 1", window_days=7)
        )


async def test_records_of_another_use_case_are_not_tried(runtime: Runtime, aws: AwsStub) -> None:
    await change(runtime, """'{"tenure": 3, "scheduled_at": "2013-01-10T11:00:00Z"}'""", "r00", "r02")
    await change(runtime, "payload - 'origin'", "r01")
    run = await evaluate(runtime)
    assert (run.records, run.labelled, run.predicted, run.failed) == (38, 28, 28, 0)
    assert (run.unfit, run.without_time) == (2, 0)  # r00 has no truth
    february = await evaluate(runtime, since=JANUARY["until"])
    assert (february.labelled, february.unfit) == (19, 1)
    asked = len(invocations(aws))
    drift = await evaluate(runtime, kind="drift", reference=JANUARY, since=JANUARY["until"])
    assert (drift.state, drift.failed, drift.unfit, len(invocations(aws))) == ("done", 0, 2, asked + 1)


def refuse(share: int) -> Callable[[Request], Answer]:
    """A model whose answer to every ``share``-th order cannot be used."""

    def respond(request: Request) -> Answer:
        ratios = [float(row) for row in request.body.decode().split()]
        return csv("\n".join("nan" if ratio % share == 1 else str(10 * ratio) for ratio in ratios))

    return respond


@pytest.mark.parametrize("asked", [{}, {"kind": "drift", "reference": JANUARY, "since": JANUARY["until"]}])
async def test_a_run_of_which_much_failed_says_so(
    runtime: Runtime, aws: AwsStub, logs: list[EventDict], asked: dict[str, JsonValue]
) -> None:
    aws.respond = refuse(5)
    run = await evaluate(runtime, None, **asked)
    total = run.predicted + run.failed
    assert run.failed == (8 if asked else 6)
    said = f"{run.failed} of {total} records (20%) failed; most often: The model's answer cannot be used"
    assert (run.state, run.warning) == ("done", f"{said} ({run.failed}).")
    assert [entry["evaluation"] for entry in logs if entry.get("warning") == run.warning] == [run.id]


async def test_a_few_failures_are_no_warning(runtime: Runtime, aws: AwsStub) -> None:
    aws.respond = refuse(40)
    run = await evaluate(runtime)
    assert (run.failed, run.warning) == (1, None)
    assert metric(run, "mae").n == 29


async def test_features_that_are_gone_fail_a_run_with_that_reason(runtime: Runtime, aws: AwsStub) -> None:
    async with open_runtime(runtime.settings, changed(FEATURES=("month",))) as lacking:
        drift: dict[str, JsonValue] = {"kind": "drift", "reference": JANUARY, "since": JANUARY["until"]}
        for asked in ({}, drift):
            run = await evaluate(lacking, None, **asked)
            assert run.state == "failed"
            assert "takes recent_transit_ratio, which preprocess.FEATURES lacks" in (run.error or "")
    assert invocations(aws) == []
