"""Bad rows among many, through a backend and its slots: what they cost the others, in answers and in time."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from app.backends import registry
from app.backends.base import Limits, Reply
from app.core.errors import (
    AppError,
    BackendCrashed,
    BackendDown,
    BackendRejected,
    BackendTimeout,
    NotInTime,
)
from app.core.errors.stored import as_stored, revive
from app.core.settings import Settings
from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services.hosting.outcomes import InferenceOutcome, Inferred
from app.services.inference import Inference, _Batch
from tests.support import fake_backend
from tests.support.aws_stub import Answer, AwsStub, Request, csv, error, model_error
from tests.support.eventually import TIMEOUT
from tests.support.fake_backend import FakeBackend

SAGEMAKER = Deployment(1, "churn", "1", "sagemaker", {"endpoint_name": "churn"}, ("a",))
FAKE = Deployment(2, "m", "1", "fake", {"name": "x"}, ("a",))


@pytest.fixture
async def inference(aws: AwsStub, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Inference]:
    monkeypatch.setitem(registry.BACKENDS, "fake", fake_backend.__name__)
    monkeypatch.setattr(FakeBackend, "limits", Limits(1000, 10**6))
    opened = Inference(Settings(database_url="postgresql://nowhere", inference_concurrency=8, _env_file=None))
    yield opened
    await opened.aclose()


async def predict(
    inference: Inference, deployment: Deployment, count: int, seconds: float = TIMEOUT
) -> list[InferenceOutcome]:
    deadline = asyncio.get_running_loop().time() + seconds
    return await inference.predict(deployment, [[number] for number in range(count)], deadline)


def refused(outcomes: Sequence[InferenceOutcome]) -> set[int]:
    """The rows without an answer."""
    return {row for row, one in enumerate(outcomes) if not isinstance(one, Inferred)}


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("bad", [10, 20])
async def test_of_500_rows_the_bad_ones_alone_fail(
    aws: AwsStub, inference: Inference, status: int, bad: int
) -> None:
    rows = {number * 500 // bad + number % 7 for number in range(bad)}

    def respond(request: Request) -> Answer:
        sent = request.body.decode().split("\n")
        return model_error(status) if rows & {int(row) for row in sent} else csv("\n".join(sent))

    aws.respond = respond
    outcomes = await predict(inference, SAGEMAKER, 500)
    assert refused(outcomes) == rows
    assert all(isinstance(outcomes[row], BackendRejected) for row in rows)
    assert len(aws.requests) < 2 * bad * 7  # log2(500 / 10) + 1


async def test_what_is_refused_altogether_is_told_row_by_row(aws: AwsStub, inference: Inference) -> None:
    aws.script(model_error(400))
    outcomes = await predict(inference, SAGEMAKER, 100)
    assert {type(one) for one in outcomes} == {BackendRejected}
    assert len(aws.requests) == 2 * 100 - 1


async def test_a_model_that_crashes_on_everything_is_away(aws: AwsStub, inference: Inference) -> None:
    aws.script(model_error(500))
    outcomes = await predict(inference, SAGEMAKER, 100)
    assert {type(one) for one in outcomes} == {BackendDown}
    assert all(isinstance(one, AppError) and one.retryable for one in outcomes)
    assert len(aws.requests) < 40


async def test_a_platform_that_goes_away_meanwhile_refuses_nobody(aws: AwsStub, inference: Inference) -> None:
    aws.script(model_error(400), model_error(400), model_error(400), error("AccessDeniedException", 403))
    outcomes = await predict(inference, SAGEMAKER, 100)
    assert not {type(one) for one in outcomes} & {BackendRejected}


class Slow(FakeBackend):
    """Refuses more than two rows after a while; answers two or fewer only once it is past the deadline."""

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        if len(rows) > 2:
            await asyncio.sleep(0.3)
            raise BackendRejected("no")
        await asyncio.sleep(timeout)
        raise BackendTimeout("no answer came")


async def test_rows_that_a_search_had_little_time_for_may_be_tried_again(
    inference: Inference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeBackend, "predict", Slow.predict)
    late = await predict(inference, FAKE, 4, seconds=0.4)
    assert {type(one) for one in late} == {NotInTime}
    whole = await predict(inference, FAKE, 2, seconds=0.1)
    assert {type(one) for one in whole} == {BackendTimeout}


def test_a_call_that_would_end_too_late_is_not_begun() -> None:
    batch = _Batch([], deadline=10.0, began=0.0)
    batch.note(100, 2.0)
    batch.note(100, 1.0)
    assert not batch.has_time(100, 8.5)
    assert not batch.has_time(200, 8.5)
    assert batch.has_time(50, 8.5)
    assert batch.has_time(100, 7.5)
    assert not batch.has_time(50, 10.0)


def test_not_in_time_is_worth_another_try_in_another_process_too() -> None:
    again = revive(as_stored(NotInTime("late")))
    assert (type(again), again.retryable) == (NotInTime, True)
    assert type(revive(as_stored(BackendCrashed("no")))) is BackendRejected
