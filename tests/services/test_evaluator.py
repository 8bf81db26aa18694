"""Evaluation runs on a real database, with predictions of a scripted model: ten times the ratio."""

from collections.abc import AsyncIterator

import pytest
from pydantic import JsonValue
from sqlalchemy import text

from app.core.errors import Conflict, NotFound
from app.core.settings import Settings
from app.db import evaluations as rows
from app.main import create_app
from app.schemas.evaluations import Evaluation, EvaluationRequest, MetricValue
from app.services import evaluations, labels, models, records
from app.services.evaluator import Evaluator
from app.services.prediction import Predictor
from tests.support.aws_stub import AwsStub, csv
from tests.support.orders import answer_ten_times, invocations, order, prepare

WHOLE = ("", "")


@pytest.fixture
async def predictor(settings: Settings, aws: AwsStub) -> AsyncIterator[Predictor]:
    """A live model, and 40 orders of January and February; every fourth has no truth."""
    aws.respond = answer_ten_times
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        predictor: Predictor = app.state.predictor
        await prepare(predictor)
        sessions = predictor.database.transactions
        for index in range(40):
            month, carrier = 1 + index % 2, "UA" if index < 35 else "AA"
            fields: dict[str, JsonValue] = {"scheduled_at": f"2013-0{month}-10T11:00:00Z", "carrier": carrier}
            await records.put(sessions, f"r{index:02}", order(float(index), **fields))
            if index % 4:
                await labels.put_label(sessions, f"r{index:02}", 10.0 * index - month)
        yield predictor


async def evaluate(predictor: Predictor, **asked: JsonValue) -> Evaluation:
    """A finished run of version 1."""
    request = EvaluationRequest.model_validate(asked)
    evaluations.check(request)
    sessions = predictor.database.transactions
    async with sessions.begin() as session:
        evaluation_id = await rows.create(session, 1, "quality", request.model_dump(mode="json"))
    await Evaluator(predictor.database, predictor).run(evaluation_id)
    return await evaluations.get(sessions, evaluation_id)


def metric(run: Evaluation, name: str, group: tuple[str, str] = WHOLE) -> MetricValue:
    (found,) = [one for one in run.metrics if one.metric == name and (one.slice, one.bucket) == group]
    return found


async def test_a_run_judges_every_labelled_record_and_costs_inference_once(
    predictor: Predictor, aws: AwsStub
) -> None:
    run = await evaluate(predictor, bucket="month")
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
    again = await evaluate(predictor, bucket="month")
    assert len(invocations(aws)) == before
    assert again.metrics == run.metrics


async def test_a_window_a_filter_and_chosen_metrics(predictor: Predictor) -> None:
    run = await evaluate(
        predictor,
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


async def test_no_labelled_record_is_a_stored_run_with_reasons(predictor: Predictor) -> None:
    run = await evaluate(predictor, since="2020-01-01T00:00:00Z")
    assert (run.state, run.labelled) == ("done", 0)
    assert {(one.value, one.reason) for one in run.metrics} == {(None, "no rows")}


async def test_what_cannot_be_predicted_is_counted_and_left_out(predictor: Predictor, aws: AwsStub) -> None:
    aws.respond = lambda request: csv(request.body.decode().replace("5.0", "nan"))
    run = await evaluate(predictor)
    assert run.state == "done"
    assert run.failed > 0
    assert run.predicted + run.failed == run.labelled
    assert metric(run, "mae").n == run.predicted


async def test_a_cancelled_run_stays_so(predictor: Predictor) -> None:
    sessions = predictor.database.transactions
    async with sessions.begin() as session:
        evaluation_id = await rows.create(session, 1, "quality", {})
    await evaluations.cancel(sessions, evaluation_id)
    await Evaluator(predictor.database, predictor).run(evaluation_id)
    run = await evaluations.get(sessions, evaluation_id)
    assert (run.state, run.metrics) == ("cancelled", [])
    with pytest.raises(Conflict):
        await evaluations.cancel(sessions, evaluation_id)
    with pytest.raises(NotFound):
        await evaluations.cancel(sessions, 10**9)


async def test_truths_that_cannot_be_judged_fail_the_run_and_say_why(predictor: Predictor) -> None:
    sessions = predictor.database.transactions
    async with sessions.begin() as session:
        await session.execute(text("""update labels set value = '{"a": 1}' where record_id = 'r01'"""))
    run = await evaluate(predictor)
    assert run.state == "failed"
    assert "must be a number" in (run.error or "")


async def test_two_runs_are_compared_record_by_record(predictor: Predictor, aws: AwsStub) -> None:
    first = await evaluate(predictor)
    sessions = predictor.database.transactions
    async with sessions.begin() as session:
        await session.execute(text("update model_versions set revision = 'better'"))
    aws.respond = lambda request: csv(
        "\n".join(str(10 * float(row) - 1.5) for row in request.body.decode().splitlines())
    )
    second = await evaluate(predictor)
    found = await evaluations.compare(sessions, first.id, second.id)
    assert found.shared == 30
    (mae,) = [one for one in found.metrics if (one.metric, one.slice) == ("mae", "")]
    assert (mae.a, mae.b) == (metric(first, "mae").value, metric(second, "mae").value)
    assert mae.difference == pytest.approx(0.5 - 5 / 3)
    assert mae.verdict == "better"
    back = await evaluations.compare(sessions, second.id, first.id)
    assert {one.verdict for one in back.metrics if one.metric == "mae" and not one.slice} == {"worse"}
    assert (await models.get(sessions, "transit")).live_version == "1"
