"""The whole way down: chunks, retries and deadlines against a scripted endpoint, over sockets and boto3."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import JsonValue
from tenacity import RetryCallState

from app.backends import registry
from app.core.errors import (
    AppError,
    BackendCrashed,
    BackendDown,
    BackendRefused,
    BackendRejected,
    BackendThrottled,
    BackendTimeout,
    BadOutput,
    Misconfigured,
    NotInTime,
    TooLarge,
    UserCodeError,
)
from app.core.settings import Settings
from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services.hosting import retries as module
from app.services.hosting.outcomes import InferenceOutcome, Inferred
from app.services.inference import Inference
from tests.support import fake_backend
from tests.support.aws_stub import Answer, AwsStub, Request, Respond, csv, error, model_error
from tests.support.eventually import TIMEOUT
from tests.support.fake_backend import FakeBackend
from tests.support.looks import only


@pytest.fixture
async def inference(aws: AwsStub) -> AsyncIterator[Inference]:
    opened = Inference(Settings(database_url="postgresql://nowhere", inference_concurrency=8, _env_file=None))
    yield opened
    await opened.aclose()


def deployment(**options: JsonValue) -> Deployment:
    return Deployment(1, "churn", "1", "sagemaker", {"endpoint_name": "churn"} | options, ("a", "b"))


async def predict(
    inference: Inference, rows: Sequence[Row], seconds: float = TIMEOUT, **options: JsonValue
) -> list[InferenceOutcome]:
    deadline = asyncio.get_running_loop().time() + seconds
    return await inference.predict(deployment(**options), rows, deadline)


def outputs(outcomes: Sequence[InferenceOutcome]) -> list[JsonValue | type[AppError]]:
    """Outputs, and the classes of errors."""
    return [item.output if isinstance(item, Inferred) else type(item) for item in outcomes]


def echo(request: Request) -> Answer:
    """A model that answers the first feature of each row."""
    return csv("\n".join(line.partition(",")[0] for line in request.body.decode().split("\n")))


def rows_of(request: Request) -> list[str]:
    return [line.partition(",")[0] for line in request.body.decode().split("\n")]


def rejecting(*bad: str, answer: Answer | None = None) -> Respond:
    def respond(request: Request) -> Answer:
        return (answer or model_error(400)) if set(bad) & set(rows_of(request)) else echo(request)

    return respond


async def test_outcomes_come_in_the_order_of_the_rows(aws: AwsStub, inference: Inference) -> None:
    aws.respond = echo
    outcomes = await predict(inference, [[number, 0] for number in range(25)], max_rows=10)
    assert outputs(outcomes) == list(range(25))
    assert sorted(len(rows_of(request)) for request in aws.requests) == [5, 10, 10]
    latencies = [item.latency_ms for item in outcomes if isinstance(item, Inferred)]
    assert len(set(latencies)) == 3  # that of the call which carried the row
    assert min(latencies) > 0
    assert {item.revision for item in outcomes if isinstance(item, Inferred)} == {None}


async def test_no_rows_are_no_call(aws: AwsStub, inference: Inference) -> None:
    assert await predict(inference, []) == []
    assert not aws.requests


async def test_chunks_keep_to_the_bytes_and_a_huge_row_fails_alone(
    aws: AwsStub, inference: Inference
) -> None:
    aws.respond = echo
    rows: list[Row] = [[number, "x" * 300] for number in range(10)]
    rows[4] = [4, "x" * 2000]
    outcomes = await predict(inference, rows, max_bytes=1024)
    assert outputs(outcomes) == [0, 1, 2, 3, TooLarge, 5, 6, 7, 8, 9]
    assert max(len(request.body) for request in aws.requests) <= 1024
    too_large = outcomes[4]
    assert isinstance(too_large, TooLarge)
    assert "2003 bytes" in too_large.detail
    assert "at most 1024" in too_large.detail


async def test_a_row_the_format_cannot_carry_fails_alone(aws: AwsStub, inference: Inference) -> None:
    aws.respond = echo
    outcomes = await predict(inference, [[1, 0], [2, [3]], [4, 0]])
    assert outputs(outcomes) == [1, UserCodeError, 4]


async def test_nan_for_one_row_leaves_its_neighbours_alone(aws: AwsStub, inference: Inference) -> None:
    aws.script(csv("1\nNaN\n3"))
    assert outputs(await predict(inference, [[1, 0], [2, 0], [3, 0]])) == [1, BadOutput, 3]
    assert len(aws.requests) == 1


async def test_a_class_vector_stays_one_row(aws: AwsStub, inference: Inference) -> None:
    aws.script(csv("0.1,0.7,0.2"))
    assert outputs(await predict(inference, [[1, 0]])) == [[0.1, 0.7, 0.2]]


async def test_one_line_for_three_rows_is_no_three_outputs(aws: AwsStub, inference: Inference) -> None:
    """As the built-in XGBoost answers without csv_reply "one_line": row by row it can be understood."""
    aws.respond = lambda request: csv(",".join(row.split(",")[0] for row in request.body.decode().split()))
    assert outputs(await predict(inference, [[1, 0], [2, 0], [3, 0]])) == [1, 2, 3]
    assert len(aws.requests) == 5


async def test_a_row_that_a_model_drops_costs_no_other(aws: AwsStub, inference: Inference) -> None:
    def drop_sevens(request: Request) -> Answer:
        rows = [row.split(",")[0] for row in request.body.decode().split()]
        return csv("\n".join(row for row in rows if row != "7"))

    aws.respond = drop_sevens
    outcomes = outputs(await predict(inference, [[number, 0] for number in range(20)]))
    assert outcomes == [*range(7), BadOutput, *range(8, 20)]


async def test_a_model_whose_answers_are_never_understood_is_not_asked_about_every_row(
    aws: AwsStub, inference: Inference
) -> None:
    aws.respond = lambda request: csv("1\n" * 999)
    outcomes = await predict(inference, [[number, 0] for number in range(200)])
    assert outputs(outcomes) == [BadOutput] * 200
    assert len(aws.requests) < 50


async def test_a_failing_chunk_fails_its_own_rows_only(aws: AwsStub, inference: Inference) -> None:
    aws.respond = rejecting("3", answer=model_error(415))
    outcomes = await predict(inference, [[number, 0] for number in range(6)], max_rows=2)
    assert outputs(outcomes) == [0, 1, BackendRefused, BackendRefused, 4, 5]
    assert len(aws.requests) == 3


@pytest.mark.parametrize(
    "busy",
    [
        error("ThrottlingException", 400, None),
        error("ModelNotReadyException", 429, retry_after="0.01"),
        error("ServiceUnavailable", 503),
        model_error(503),
        Answer(reset=True),
    ],
    ids=["throttled", "loading", "unavailable", "container", "reset"],
)
async def test_twice_busy_then_fine(aws: AwsStub, inference: Inference, busy: Answer) -> None:
    aws.script(busy, busy, csv("1"))
    assert outputs(await predict(inference, [[1, 0]])) == [1]
    assert len(aws.requests) == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (model_error(0, "Your invocation timed out"), BackendTimeout),
        (error("ValidationError", 400), BackendRefused),
        (error("AccessDeniedException", 403), BackendRefused),
        (model_error(500), BackendCrashed),
        (csv(""), BadOutput),
        (csv("1", "text/html"), BadOutput),
    ],
)
async def test_what_another_try_would_not_mend_is_one_call(
    aws: AwsStub, inference: Inference, answer: Answer, expected: type[AppError]
) -> None:
    aws.script(answer)
    assert outputs(await predict(inference, [[1, 0]])) == [expected]
    assert len(aws.requests) == 1


async def test_a_failing_platform_gets_a_bounded_number_of_calls(aws: AwsStub, inference: Inference) -> None:
    aws.script(error("InternalFailure", 500))
    assert outputs(await predict(inference, [[1, 0]])) == [BackendDown]
    assert len(aws.requests) == module.MAX_ATTEMPTS


async def test_throttled_to_the_end_says_when_to_come_back(
    aws: AwsStub, inference: Inference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More often than a failing platform is called: the deadline ends it, at the sixth wait."""
    monkeypatch.setattr(module, "BACK_OFF", lambda state: 2 * TIMEOUT if state.attempt_number == 6 else 0)
    aws.script(error("ThrottlingException", 400, None))
    (outcome,) = await predict(inference, [[1, 0]])
    assert isinstance(outcome, BackendThrottled)
    assert outcome.retry_after == module.RETRY_AFTER
    assert len(aws.requests) == 6 > module.MAX_ATTEMPTS


async def test_a_wait_beyond_the_deadline_is_not_waited_for(aws: AwsStub, inference: Inference) -> None:
    aws.script(error("ModelNotReadyException", 429, retry_after="60"))
    (outcome,) = await predict(inference, [[1, 0]], seconds=59)
    assert isinstance(outcome, BackendThrottled)
    assert outcome.retry_after == 60
    aws.script(error("ServiceUnavailable", 503, retry_after="60"))
    (outcome,) = await predict(inference, [[1, 0]], seconds=59)
    assert isinstance(outcome, NotInTime)
    assert outcome.retryable
    assert outcome.retry_after == 60
    assert "no time for another try" in outcome.detail
    assert "SageMaker is unavailable" in outcome.detail
    assert len(aws.requests) == 2


async def test_no_answer_by_the_deadline_is_one_call(aws: AwsStub, inference: Inference) -> None:
    go_on = threading.Event()
    aws.script(csv("1"), Answer(wait=go_on))
    await predict(inference, [[0, 0]])  # now the backend is open
    (outcome,) = await predict(inference, [[1, 0]], seconds=0.3)
    await aws.received(2)
    go_on.set()
    assert isinstance(outcome, BackendTimeout)
    assert len(aws.requests) == 2


async def test_a_deadline_in_the_past_calls_nothing(aws: AwsStub, inference: Inference) -> None:
    assert outputs(await predict(inference, [[1, 0]], seconds=-1)) == [NotInTime]
    aws.respond = echo
    assert outputs(await predict(inference, [[2, 0]])) == [2]
    assert [rows_of(request) for request in aws.requests] == [["2"]]


async def test_waiting_for_a_free_slot_ends_at_the_deadline(aws: AwsStub, inference: Inference) -> None:
    go_on = threading.Event()
    aws.respond = lambda request: Answer(wait=go_on)
    rows: list[Row] = [[number, 0] for number in range(8)]
    busy = asyncio.create_task(predict(inference, rows, max_rows=1))
    await aws.received(8)
    (outcome,) = await predict(inference, [[9, 0]], seconds=0.2, max_rows=1)
    assert isinstance(outcome, NotInTime)
    assert "no time for a call" in outcome.detail
    assert len(aws.requests) == 8
    go_on.set()
    await busy


async def test_calls_of_one_backend_are_limited(aws: AwsStub, inference: Inference) -> None:
    now, most, lock = 0, 0, threading.Lock()
    eight = threading.Barrier(8)

    def respond(request: Request) -> Answer:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        eight.wait(TIMEOUT)
        with lock:
            now -= 1
        return echo(request)

    aws.respond = respond
    outcomes = await predict(inference, [[number, 0] for number in range(24)], max_rows=1)
    assert outputs(outcomes) == list(range(24))
    assert most == 8


async def test_a_bad_row_is_found_and_fails_alone(aws: AwsStub, inference: Inference) -> None:
    aws.respond = rejecting("37")
    outcomes = await predict(inference, [[number, 0] for number in range(100)])
    expected = [BackendRejected if number == 37 else number for number in range(100)]
    assert outputs(outcomes) == expected
    assert len(aws.requests) <= 1 + 2 * 7


async def test_a_cancelled_prediction_frees_its_slots(aws: AwsStub, inference: Inference) -> None:
    go_on = threading.Event()
    aws.respond = lambda request: Answer(wait=go_on)
    call = asyncio.create_task(predict(inference, [[number, 0] for number in range(20)], max_rows=1))
    await aws.received(8)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    go_on.set()
    aws.respond = echo
    assert outputs(await predict(inference, [[7, 0]], max_rows=1)) == [7]
    assert len(aws.requests) == 9  # nothing of the cancelled rest was sent


async def test_a_retry_can_be_cancelled(
    aws: AwsStub, inference: Inference, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = asyncio.Event()

    def long(state: RetryCallState) -> float:
        waits.set()
        return 30

    monkeypatch.setattr(module, "BACK_OFF", long)
    aws.script(error("ModelNotReadyException", 429))
    call = asyncio.create_task(predict(inference, [[1, 0]]))
    await waits.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_backend_that_cannot_be_opened_is_every_rows_outcome(inference: Inference) -> None:
    outcomes = await predict(inference, [[1, 0], [2, 0]], endpoint_name="no/such")
    assert outputs(outcomes) == [Misconfigured, Misconfigured]


async def test_the_revision_is_the_platforms(aws: AwsStub, inference: Inference) -> None:
    described = {"EndpointConfigName": "config-1", "EndpointStatus": "InService"}
    aws.script(Answer(body=json.dumps(described).encode()))
    assert only(await inference.look(deployment())) == "config-1"


async def test_large_integers_reach_the_model_intact(aws: AwsStub, inference: Inference) -> None:
    aws.respond = echo
    assert outputs(await predict(inference, [[2**63 + 1, 0]])) == [2**63 + 1]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([1, float("nan"), "a\0b"], [1, BadOutput, BadOutput]),
        ([1, 2, 3, 4], [BadOutput] * 3),
    ],
)
async def test_no_backend_is_trusted_with_its_outputs(
    inference: Inference,
    monkeypatch: pytest.MonkeyPatch,
    answer: list[JsonValue],
    expected: list[JsonValue | type[AppError]],
) -> None:
    monkeypatch.setitem(registry.BACKENDS, "fake", fake_backend.__name__)
    monkeypatch.setattr(FakeBackend, "outputs", answer)
    other = Deployment(2, "m", "1", "fake", {"name": "x"}, ("a",))
    outcomes = await inference.predict(other, [[1], [2], [3]], asyncio.get_running_loop().time() + TIMEOUT)
    assert outputs(outcomes) == expected
    assert {item.revision for item in outcomes if isinstance(item, Inferred)} <= {"r7"}


@pytest.mark.parametrize("said", ["", "a\0b", "two\nlines", "x" * 501])
async def test_a_revision_that_cannot_be_kept_is_no_answer(
    inference: Inference, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setitem(registry.BACKENDS, "fake", fake_backend.__name__)
    monkeypatch.setattr(FakeBackend, "said", said)
    fake = Deployment(7, "m", "1", "fake", {"name": "x"}, ("a",))
    deadline = asyncio.get_running_loop().time() + TIMEOUT
    (outcome,) = await inference.predict(fake, [[1]], deadline)
    assert isinstance(outcome, BadOutput)
