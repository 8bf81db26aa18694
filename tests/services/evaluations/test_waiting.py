"""Evaluations of a platform that is away, or has no capacity yet: they wait, and then judge every record."""

from collections.abc import AsyncIterator

import pytest
from pydantic import JsonValue
from sqlalchemy import text

from app.core.errors import BackendDown, BackendThrottled
from app.core.settings import Settings
from app.schemas.evaluations.runs import EvaluationRequest
from app.services.evaluations import evaluator, runs
from app.services.evaluations.evaluator import Evaluator
from app.services.runtime import Runtime, open_runtime
from tests.backends.test_not_ready import NO_CAPACITY
from tests.support.aws_stub import Answer, AwsStub, Request, error
from tests.support.judged_orders import store_judged_orders
from tests.support.orders import answer_ten_times, invocations, prepare

QUALITY: dict[str, JsonValue] = {}
DRIFT: dict[str, JsonValue] = {
    "kind": "drift",
    "since": "2013-02-01T00:00:00Z",
    "until": "2013-03-01T00:00:00Z",
    "reference": {"since": "2013-01-01T00:00:00Z", "until": "2013-02-01T00:00:00Z"},
}
each_kind = pytest.mark.parametrize("asked", [QUALITY, DRIFT], ids=["quality", "drift"])


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    aws.respond = answer_ten_times
    hurried = settings.model_copy(update={"predict_timeout": 4, "failure_hold": 0})
    async with open_runtime(hurried) as runtime:
        await prepare(runtime.predictor)
        await store_judged_orders(runtime.database.transactions)
        yield runtime


async def begin(runtime: Runtime, asked: dict[str, JsonValue]) -> int:
    request = EvaluationRequest.model_validate(asked)
    sessions = runtime.database.transactions
    return (await runs.ask(sessions, runtime.use_case, request, default_model="transit")).id


async def attempts(runtime: Runtime, evaluation_id: int) -> int:
    async with runtime.database.transactions() as session:
        query = text("select attempts from evaluations where id = :id")
        return int((await session.scalars(query, {"id": evaluation_id})).one())


def down(request: Request) -> Answer:
    return error("ServiceUnavailable", 503)


@each_kind
async def test_a_platform_that_is_away_is_waited_for(
    runtime: Runtime, aws: AwsStub, monkeypatch: pytest.MonkeyPatch, asked: dict[str, JsonValue]
) -> None:
    monkeypatch.setattr(evaluator, "MOST_ATTEMPTS", 2)
    aws.respond = down
    evaluation_id = await begin(runtime, asked)
    for _ in range(evaluator.MOST_ATTEMPTS + 1):
        with pytest.raises(BackendDown):
            await Evaluator(runtime).run(evaluation_id)
    assert await attempts(runtime, evaluation_id) == 0
    aws.respond = answer_ten_times
    await Evaluator(runtime).run(evaluation_id)
    run = await runs.get(runtime.database.transactions, evaluation_id)
    assert (run.state, run.failed, run.error) == ("done", 0, None)


async def test_a_window_that_the_platform_answers_in_part_is_not_judged_yet(
    runtime: Runtime, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluator, "BATCH", 10)
    refusal = error("ValidationError", 400, NO_CAPACITY)
    aws.respond = lambda request: answer_ten_times(request) if len(invocations(aws)) == 1 else refusal
    evaluation_id = await begin(runtime, QUALITY)
    with pytest.raises(BackendThrottled):
        await Evaluator(runtime).run(evaluation_id)
    aws.respond = answer_ten_times
    async with runtime.database.transactions.begin() as session:
        await session.execute(text("update content_claims set retry_at = now()"))
    await Evaluator(runtime).run(evaluation_id)
    run = await runs.get(runtime.database.transactions, evaluation_id)
    assert (run.state, run.failed) == ("done", 0)


async def test_the_last_attempt_says_what_was_waited_for(runtime: Runtime, aws: AwsStub) -> None:
    aws.respond = down
    evaluation_id = await begin(runtime, QUALITY)
    await Evaluator(runtime).run(evaluation_id, last=True)
    run = await runs.get(runtime.database.transactions, evaluation_id)
    assert (run.state, run.metrics) == ("failed", [])
    assert "SageMaker is unavailable" in (run.error or "")
