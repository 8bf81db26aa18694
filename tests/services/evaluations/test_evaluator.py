"""Evaluation runs on a real database, with predictions of a scripted model: ten times the ratio."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import JsonValue
from sqlalchemy import text

import app.aws
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.settings import Settings
from app.db.evaluations import runs as rows
from app.main import create_app
from app.schemas.judged import Judged, TruthValue
from app.services.evaluations import collecting, comparison, evaluator, runs
from app.services.evaluations.evaluator import Evaluator
from app.services.models import versions
from app.services.records import records
from app.services.runtime import Runtime
from app.storage import open_storage
from tests.support.aws_stub import Answer, AwsStub, csv, error
from tests.support.judged_orders import evaluate, metric, store_judged_orders
from tests.support.orders import answer_ten_times, invocations, order, prepare
from tests.support.use_case import TRANSIT, changed


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    """A live model, and orders of January and February; every fourth has no truth."""
    aws.respond = answer_ten_times
    service = create_app(settings)
    async with service.router.lifespan_context(service):
        runtime: Runtime = service.state.runtime
        await prepare(runtime.predictor)
        await store_judged_orders(runtime.database.transactions)
        yield runtime


async def test_a_run_judges_every_labelled_record_and_costs_inference_once(
    runtime: Runtime, aws: AwsStub
) -> None:
    run = await evaluate(runtime, bucket="month")
    assert (run.state, run.records, run.labelled, run.predicted, run.failed) == ("done", 41, 30, 30, 0)
    assert metric(run, "mae").value == pytest.approx((10 * 1 + 20 * 2) / 30)
    assert metric(run, "mae", ("", "2013-01")).value == 1.0
    assert metric(run, "mae", ("", "2013-02")).value == 2.0
    assert metric(run, "mae", ("carrier=AA", "")).n == 4
    assert metric(run, "mae", ("carrier=AA", "")).small
    assert not metric(run, "mae").small
    spread = metric(run, "mae")
    assert spread.low is not None
    assert spread.high is not None
    assert spread.low < 5 / 3 < spread.high
    before = len(invocations(aws))
    again = await evaluate(runtime, bucket="month")
    assert len(invocations(aws)) == before
    assert again.metrics == run.metrics


async def test_a_window_a_filter_and_chosen_metrics(runtime: Runtime) -> None:
    run = await evaluate(
        runtime,
        since="2013-02-01T00:00:00Z",
        until="2013-03-01T00:00:00+05:30",
        where={"carrier": "UA"},
        metrics=["bias"],
        slices=["origin"],
    )
    assert run.labelled == 17
    assert [(one.metric, one.slice, one.value) for one in run.metrics] == [
        ("bias", "", 2.0),
        ("bias", "origin=EWR", 2.0),
    ]


async def test_no_labelled_record_is_a_stored_run_with_reasons(runtime: Runtime) -> None:
    run = await evaluate(runtime, since="2020-01-01T00:00:00Z")
    assert (run.state, run.labelled) == ("done", 0)
    assert {(one.value, one.reason) for one in run.metrics} == {(None, "no rows")}


async def test_what_cannot_be_predicted_is_counted_and_left_out(runtime: Runtime, aws: AwsStub) -> None:
    aws.respond = lambda request: csv(request.body.decode().replace("5.0", "nan"))
    run = await evaluate(runtime)
    assert run.state == "done"
    assert run.failed > 0
    assert run.predicted + run.failed == run.labelled
    assert metric(run, "mae").n == run.predicted


async def test_a_cancelled_run_stays_so(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    async with sessions.begin() as session:
        evaluation_id = await rows.create(session, 1, "quality", {})
    await runs.cancel(sessions, evaluation_id)
    await Evaluator(runtime).run(evaluation_id)
    run = await runs.get(sessions, evaluation_id)
    assert (run.state, run.metrics) == ("cancelled", [])
    with pytest.raises(Conflict):
        await runs.cancel(sessions, evaluation_id)
    with pytest.raises(NotFound):
        await runs.cancel(sessions, 10**9)


async def test_a_truth_of_another_type_fails_alone(runtime: Runtime) -> None:
    before = await evaluate(runtime)
    sessions = runtime.database.transactions
    async with sessions.begin() as session:
        await session.execute(text("""update labels set value = '{"a": 1}' where record_id = 'r01'"""))
    run = await evaluate(runtime)
    assert (run.state, run.predicted, run.failed) == ("done", before.predicted - 1, 1)


async def test_a_truth_as_a_decimal_is_a_number(runtime: Runtime) -> None:
    before = await evaluate(runtime)
    async with runtime.database.transactions.begin() as session:
        await session.execute(text("update labels set value = to_jsonb(value #>> '{}')"))
    run = await evaluate(with_use_case(runtime, Label=Decimal))
    assert metric(run, "mae").value == pytest.approx(metric(before, "mae").value)


async def test_two_runs_are_compared_record_by_record(runtime: Runtime, aws: AwsStub) -> None:
    first = await evaluate(runtime)
    sessions = runtime.database.transactions
    async with sessions.begin() as session:
        await session.execute(text("update predictions set superseded_at = now()"))
    aws.respond = lambda request: csv(
        "\n".join(str(10 * float(row) - 1.5) for row in request.body.decode().splitlines())
    )
    second = await evaluate(runtime)
    found = await comparison.compare(sessions, TRANSIT, first.id, second.id)
    assert found.shared == 30
    (mae,) = [one for one in found.metrics if (one.metric, one.slice) == ("mae", "")]
    assert (mae.a, mae.b) == (metric(first, "mae").value, metric(second, "mae").value)
    assert mae.difference == pytest.approx(0.5 - 5 / 3)
    assert mae.verdict == "better"
    back = await comparison.compare(sessions, TRANSIT, second.id, first.id)
    assert {one.verdict for one in back.metrics if one.metric == "mae" and not one.slice} == {"worse"}
    assert (await versions.get(sessions, "transit")).live_version == "1"


async def test_the_platforms_outage_fails_the_run_and_says_so(
    runtime: Runtime, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluator, "BATCH", 10)
    refusal = error("AccessDeniedException", 403)
    aws.respond = lambda request: answer_ten_times(request) if len(invocations(aws)) == 1 else refusal
    run = await evaluate(runtime)
    assert (run.state, run.predicted, run.metrics) == ("failed", 10, [])
    assert "status 403" in (run.error or "")


async def test_a_run_of_which_nothing_could_be_predicted_is_failed(runtime: Runtime, aws: AwsStub) -> None:
    aws.respond = lambda request: csv("nan\n" * len(request.body.decode().splitlines()))
    run = await evaluate(runtime)
    assert (run.state, run.failed, run.metrics) == ("failed", 30, [])
    assert run.error


async def test_a_time_that_cannot_be_read_is_in_no_window(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    times = ["soon", "", "13", "infinity", "0044-03-15 BC", None, "today", {"a": 1}]
    async with sessions.begin() as session:
        for index, time in enumerate(times):
            await session.execute(
                text("update input_objects set payload = payload || cast(:change as jsonb) where id = :id"),
                {"change": json.dumps({"scheduled_at": time}), "id": f"r{index * 4 + 1:02}"},
            )
    run = await evaluate(runtime, bucket="day")
    assert (run.state, run.labelled, run.without_time) == ("done", 30 - len(times), len(times))
    late = await evaluate(runtime, since="2013-01-01T00:00:00Z", until="2014-01-01T00:00:00Z")
    assert (late.state, late.labelled, late.without_time) == ("done", 30 - len(times), len(times))


async def test_the_values_of_a_filter_take_the_form_of_stored_ones(runtime: Runtime) -> None:
    run = await evaluate(
        runtime, where={"scheduled_at": "2013-01-10T11:00:00.000Z", "recent_transit_ratio": "6"}
    )
    assert run.labelled == 1
    nobody = await evaluate(runtime, where={"recent_transit_ratio": None})
    assert (nobody.state, nobody.labelled) == ("done", 0)


async def test_a_record_that_no_longer_fits_fails_alone(runtime: Runtime) -> None:
    async with runtime.database.transactions.begin() as session:
        change = """update input_objects set payload = payload || '{"carrier": 7}' where id = 'r01'"""
        await session.execute(text(change))
    run = await evaluate(runtime)
    assert (run.state, run.predicted, run.failed, run.unfit) == ("done", 29, 1, 0)


async def test_a_long_value_of_a_slice_is_cut(runtime: Runtime) -> None:
    sessions = runtime.database.transactions
    await records.put(sessions, TRANSIT, "r01", order(1.0, carrier="x" * 5000))
    run = await evaluate(runtime, slices=["carrier"])
    (long,) = {one.slice for one in run.metrics if "x" in one.slice}
    assert long == f"carrier={'x' * 5000}"[: collecting.LONGEST_GROUP]


async def test_a_slice_that_raises_fails_the_run(runtime: Runtime) -> None:
    run = await evaluate(with_use_case(runtime, SLICES={"broken": lambda item: item.secret}))
    assert (run.state, run.error) == (
        "failed",
        "the slice 'broken' of evaluation.py raised AttributeError; the log has the rest.",
    )


async def test_a_finished_run_has_its_report_in_the_storage(runtime: Runtime, aws: AwsStub) -> None:
    await evaluate(runtime)
    app.aws.session.cache_clear()
    storage = open_storage("s3://bucket/here")
    aws.respond = lambda request: Answer()
    run = await evaluate(runtime, storage)
    assert (run.state, run.error) == ("done", None)
    assert (aws.requests[-1].method, aws.requests[-1].path) == ("PUT", f"/bucket/here/{run.report}")

    aws.respond = lambda request: Answer(403)
    refused = await evaluate(runtime, storage)
    assert (refused.state, refused.report, refused.metrics) == ("done", None, run.metrics)
    assert "The report was not written" in (refused.error or "")
    app.aws.session.cache_clear()


def with_use_case(runtime: Runtime, **defined: object) -> Runtime:
    """The user's evaluation.py says so."""
    return replace(runtime, use_case=changed(**defined))


BINARY = ("roc_auc", "average_precision", "log_loss", "brier", "accuracy", "recall", "actual_rate")


def judge_lateness(output: JsonValue) -> Judged:
    assert isinstance(output, float)
    share = min(output, 400.0) / 400
    return Judged("late" if share >= 0.5 else "on time", {"late": share, "on time": 1 - share})


async def test_a_binary_task_of_named_classes(runtime: Runtime) -> None:
    runtime = with_use_case(
        runtime,
        Label=str,
        TASK="binary",
        METRICS=BINARY,
        HEADLINE=("roc_auc", "brier"),
        POSITIVE="late",
        judge=judge_lateness,
    )
    async with runtime.database.transactions.begin() as session:
        await session.execute(
            text("""
            update labels set value = to_jsonb(case when record_id > 'r15' then 'late' else 'on time' end)
            """)
        )
    run = await evaluate(runtime)
    assert (run.state, run.error) == ("done", None)
    found = {name: metric(run, name) for name in BINARY}
    assert found["roc_auc"].value == 1.0
    assert found["accuracy"].value == pytest.approx(27 / 30)  # r17, r18 and r19 are late, and not said to be
    assert found["actual_rate"].value == 18 / 30
    assert found["brier"].low is not None
    assert found["recall"].low is None
    one_class = metric(run, "roc_auc", ("carrier=AA", ""))
    assert (one_class.value, one_class.reason) == (None, "only one class: every truth is positive")
    assert metric(run, "accuracy", ("carrier=AA", "")).value == 1.0


async def test_labels_as_texts_without_a_positive_class_are_a_clear_error(runtime: Runtime) -> None:
    runtime = with_use_case(
        runtime, Label=str, TASK="binary", METRICS=BINARY, HEADLINE=(), judge=judge_lateness
    )
    async with runtime.database.transactions.begin() as session:
        await session.execute(text("""update labels set value = '"late"'"""))
    run = await evaluate(runtime)
    assert (run.state, run.metrics) == ("failed", [])
    assert run.error == "Which class is positive? There are 'late', 'on time': set POSITIVE in evaluation.py."


def judge_size(output: JsonValue) -> Judged:
    assert isinstance(output, float)
    share = min(output, 400.0) / 400
    shares: dict[TruthValue, float] = {"small": (1 - share) ** 2, "large": share**2}
    shares["medium"] = 1 - sum(shares.values())
    return Judged(max(shares, key=lambda name: shares[name]), shares)


async def test_a_multiclass_task(runtime: Runtime) -> None:
    names = ("accuracy", "f1", "roc_auc", "log_loss", "recall")
    runtime = with_use_case(
        runtime, Label=str, TASK="multiclass", METRICS=names, HEADLINE=("accuracy",), judge=judge_size
    )
    async with runtime.database.transactions.begin() as session:
        await session.execute(
            text("""
            update labels set value = to_jsonb(case
                when record_id < 'r14' then 'small' when record_id < 'r27' then 'medium' else 'large'
            end)
            """)
        )
    run = await evaluate(runtime)
    assert (run.state, run.error) == ("done", None)
    assert metric(run, "accuracy").value == 1.0
    assert metric(run, "roc_auc").value == pytest.approx(1.0, abs=0.1)
    assert metric(run, "accuracy").low == 1.0
    assert metric(run, "roc_auc", ("carrier=AA", "")).reason == "no truth is of class medium, small"
    assert metric(run, "accuracy", ("carrier=AA", "")).value == 1.0


async def test_a_use_case_without_metrics_asks_for_some(runtime: Runtime) -> None:
    bare = with_use_case(runtime, METRICS=(), HEADLINE=())
    with pytest.raises(InvalidInput) as caught:
        await evaluate(bare)
    assert [(one.field, one.message) for one in caught.value.errors] == [
        ("metrics", "evaluation.py names none: name some")
    ]
    assert metric(await evaluate(bare, metrics=["mae"]), "mae").value is not None


async def test_a_slice_that_gives_no_text_fails_the_run(runtime: Runtime) -> None:
    run = await evaluate(with_use_case(runtime, SLICES={"month": lambda item: item.scheduled_at.month}))
    assert (run.state, run.error) == (
        "failed",
        "the slice 'month' of evaluation.py must give a text, not int.",
    )
