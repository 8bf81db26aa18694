"""What a platform that fails is sent: few calls, then none but trials."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from app.core.errors import AppError, BackendAway, BackendCrashed, BackendDown, BackendRejected
from app.services.hosting import breaker as module
from app.services.hosting.breaker import ENOUGH
from app.services.hosting.outcomes import InferenceOutcome
from app.services.inference import Inference
from tests.services.test_inference import deployment, inference, outputs, predict
from tests.support.aws_stub import Answer, AwsStub, Request, csv, error, model_error

__all__ = ["inference"]

DOWN = error("ServiceUnavailable", 503)


async def one(inference: Inference) -> InferenceOutcome:
    [outcome] = await predict(inference, [[1, 0]])
    return outcome


async def at_once(inference: Inference, count: int) -> Sequence[object]:
    return outputs(await asyncio.gather(*(one(inference) for _ in range(count))))


@pytest.mark.parametrize("answer", [DOWN, Answer(reset=True), model_error(503)])
async def test_an_outage_costs_little_more_than_a_call_for_each_request(
    aws: AwsStub, inference: Inference, answer: Answer
) -> None:
    aws.script(answer)
    failed = await at_once(inference, 100)
    assert set(failed) == {BackendDown, BackendAway}
    called = failed.count(BackendDown)
    assert ENOUGH <= called <= len(aws.requests) <= 1.1 * called + 1


async def test_while_it_is_open_nothing_is_sent_and_the_caller_knows_until_when(
    aws: AwsStub, inference: Inference
) -> None:
    aws.script(DOWN)
    await at_once(inference, 30)
    sent = len(aws.requests)
    outcome = await one(inference)
    assert isinstance(outcome, BackendAway)
    assert 0 < (outcome.retry_after or 0) <= 1.2
    assert "SageMaker is unavailable" in outcome.detail
    assert inference.refusal(deployment()) is not None
    assert len(aws.requests) == sent


async def test_it_closes_with_a_trial_that_is_answered(
    aws: AwsStub, inference: Inference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.05)
    aws.script(DOWN)
    await at_once(inference, 30)
    aws.respond = lambda _: csv("1")
    await asyncio.sleep(0.1)
    assert await at_once(inference, 1) == [1]
    assert await at_once(inference, 20) == [1] * 20


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(model_error(400), BackendRejected), (model_error(500), BackendCrashed)],
)
async def test_rows_that_a_model_refuses_open_nothing(
    aws: AwsStub, inference: Inference, answer: Answer, expected: type[AppError]
) -> None:
    aws.script(answer)
    assert await at_once(inference, 3 * ENOUGH) == [expected] * (3 * ENOUGH)
    aws.respond = lambda _: csv("1")
    assert await at_once(inference, 1) == [1]


async def test_throttling_opens_nothing_and_is_tried_on(aws: AwsStub, inference: Inference) -> None:
    aws.script(*[error("ThrottlingException", 400, retry_after="0.01")] * 2 * ENOUGH, csv("1"))
    assert await at_once(inference, ENOUGH) == [1] * ENOUGH
    assert len(aws.requests) > 2 * ENOUGH


async def test_a_failure_among_answers_is_tried_again_within_the_budget(
    aws: AwsStub, inference: Inference
) -> None:
    aws.respond = every(12, csv("1"), DOWN)
    assert outputs([await one(inference) for _ in range(33)]) == [1] * 33
    assert len(aws.requests) == 35


async def test_half_of_the_calls_failing_does_not_double_them(aws: AwsStub, inference: Inference) -> None:
    aws.respond = every(2, csv("1"), DOWN)
    for _ in range(40):
        await one(inference)
    assert len(aws.requests) <= 40 + 3 + 4 + 2  # a few, a tenth, and what time has brought


def every(number: int, others: Answer, this: Answer) -> Callable[[Request], Answer]:
    """Answers each so-manieth call in another way."""
    calls = iter(range(1, 10_000))

    def respond(request: Request) -> Answer:
        return this if next(calls) % number == 0 else others

    return respond
