"""Payloads of the user's code on their way to a model, beside rows or without any."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import JsonValue
from structlog.typing import EventDict

from app.backends import registry
from app.core.errors import AppError, BadOutput, TooLarge, UserCodeError
from app.core.settings import Settings
from app.schemas.hosting.deployments import Deployment
from app.schemas.payloads import Payload, Sendable
from app.services import pipeline
from app.services.inference import Inference
from app.services.pipeline import Computed, Stages
from app.services.use_case import UseCase
from app.services.use_case.checks import faults
from examples.transit.input_object import InputObject
from tests.support import fake_backend
from tests.support.aws_stub import Answer, AwsStub, Request, csv, reply
from tests.support.eventually import TIMEOUT
from tests.support.orders import order
from tests.support.use_case import changed

SECRET = "what-only-the-customer-knows"


@pytest.fixture
async def inference(aws: AwsStub) -> AsyncIterator[Inference]:
    opened = Inference(Settings(database_url="postgresql://nowhere", inference_concurrency=8, _env_file=None))
    yield opened
    await opened.aclose()


def deployment(*features: str, **options: JsonValue) -> Deployment:
    return Deployment(1, "churn", "1", "sagemaker", {"endpoint_name": "churn"} | options, features)


def image(number: int, size: int = 10) -> Payload:
    return Payload(f"{number} {SECRET}".encode().ljust(size, b"."), "image/x-test")


def answer_first(request: Request) -> Answer:
    """A model that answers the number that a payload, or each row, begins with."""
    if request.headers["content-type"] == "image/x-test":
        return reply({"seen": int(request.body.split()[0])})
    return csv("\n".join(line.partition(",")[0] for line in request.body.decode().split("\n")))


async def predict(
    inference: Inference, sent: Sequence[Sendable], deployed: Deployment
) -> list[JsonValue | type[AppError]]:
    deadline = asyncio.get_running_loop().time() + TIMEOUT
    outcomes = await inference.predict(deployed, sent, deadline)
    return [type(one) if isinstance(one, AppError) else one.output for one in outcomes]


@pytest.mark.parametrize("options", [{}, {"batch_delay_ms": 1}, {"max_rows": 2}])
async def test_each_goes_by_itself_and_rows_go_together(
    aws: AwsStub, inference: Inference, options: dict[str, JsonValue]
) -> None:
    aws.respond = answer_first
    sent: list[Sendable] = [[1, 0], image(2), image(3), [4, 0], [5, 0], image(6)]
    outputs = await predict(inference, sent, deployment("a", "b", **options))
    assert outputs == [1, {"seen": 2}, {"seen": 3}, 4, 5, {"seen": 6}]
    bodies = [request.body for request in aws.requests]
    assert sorted(body for body in bodies if b" " in body) == [image(n).content for n in (2, 3, 6)]
    assert sorted(body for body in bodies if b" " not in body) == [b"1,0", b"4,0\n5,0"]


async def test_one_that_is_too_large_fails_alone(aws: AwsStub, inference: Inference) -> None:
    aws.respond = answer_first
    sent = [image(1), image(2, 1025), image(3, 1024)]
    outputs = await predict(inference, sent, deployment("a", max_bytes=1024, csv_header=True))
    assert outputs == [{"seen": 1}, TooLarge, {"seen": 3}]


async def test_a_platform_that_takes_only_rows_says_so(
    inference: Inference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.BACKENDS, "fake", fake_backend.__name__)
    fake = Deployment(2, "m", "1", "fake", {"name": "x"}, ("a",))
    assert await predict(inference, [[1], image(2), [3]], fake) == [1, UserCodeError, 1]
    (_, outcome, _) = await inference.predict(
        fake, [[1], image(2), [3]], asyncio.get_running_loop().time() + 5
    )
    assert isinstance(outcome, UserCodeError)
    assert "takes only rows" in outcome.detail


async def run(
    inference: Inference, preprocess: object, count: int, *features: str, made: Sequence[str] = ()
) -> list[Computed | AppError]:
    use_case = changed(FEATURES=tuple(made), preprocess=preprocess, postprocess=list)
    payloads = [order() for _ in range(count)]
    return await pipeline.run(
        *(Stages(use_case), inference, deployment(*features), payloads),
        deadline=asyncio.get_running_loop().time() + TIMEOUT,
    )


def images(items: Sequence[InputObject]) -> list[Payload]:
    return [image(number) for number, _ in enumerate(items)]


async def test_a_pipeline_of_payloads_has_no_features(aws: AwsStub, inference: Inference) -> None:
    aws.respond = answer_first
    outcomes = await run(inference, images, 2)
    assert [one.output for one in outcomes if isinstance(one, Computed)] == [{"seen": 0}, {"seen": 1}]


async def test_a_version_with_features_is_asked_all_the_same(aws: AwsStub, inference: Inference) -> None:
    """Which features it was registered with says nothing of what goes to it now."""
    aws.respond = answer_first
    (outcome,) = await run(inference, images, 1, "weekday", "wind")
    assert isinstance(outcome, Computed)
    (outcome,) = await run(inference, lambda items: [[1.0] for _ in items], 1, "wind")
    assert isinstance(outcome, UserCodeError)
    assert "a row of 1 values for 0 FEATURES" in outcome.detail


async def test_rows_and_payloads_side_by_side(aws: AwsStub, inference: Inference) -> None:
    aws.respond = answer_first
    outcomes = await run(inference, lambda items: [[7, 8], image(5)], 2, "b", made=("a", "b"))
    assert [one.output for one in outcomes if isinstance(one, Computed)] == [8, {"seen": 5}]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Payload("text", "text/plain"), "its content is of type str, not bytes"),  # type: ignore[arg-type]
        (Payload(bytearray(b"x"), "text/plain"), "of type bytearray"),  # type: ignore[arg-type]
        (Payload(b"", "text/plain"), "its content is empty"),
        (Payload(b"x", ""), "no media type"),
        (Payload(b"x", "image"), "no media type"),
        (Payload(b"x", "image/png\r\nX-Amz: 1"), "no media type"),
        (Payload(b"x", "image/png\n"), "no media type"),
        (Payload(b"x", "image/" + "p" * 1100), "no media type"),
        (Payload(b"x", None), "no media type"),  # type: ignore[arg-type]
        (b"bytes alone", "made bytes: a Payload carries them"),
    ],
)
async def test_what_is_no_payload_is_told(
    aws: AwsStub, inference: Inference, made: object, said: str
) -> None:
    (outcome,) = await run(inference, lambda items: [made for _ in items], 1)
    assert isinstance(outcome, UserCodeError)
    assert said in outcome.detail
    assert not aws.requests


async def test_nothing_of_it_is_in_logs_or_errors(
    aws: AwsStub, inference: Inference, logs: list[EventDict]
) -> None:
    aws.script(Answer(body=SECRET.encode(), headers={"Content-Type": "image/png"}))
    (unread,) = await run(inference, images, 1)
    assert isinstance(unread, BadOutput)

    def raising(items: Sequence[InputObject]) -> list[Payload]:
        made = images(items)
        raise ValueError(made)

    (failed,) = await run(inference, raising, 1)
    assert isinstance(failed, UserCodeError)
    assert logs
    assert SECRET not in repr([unread, failed, logs, image(1)])


@pytest.mark.parametrize("makes", [list[Payload], "list[Payload]", Sequence[Sendable]])
def test_an_annotation_that_names_payloads_needs_no_features(makes: object) -> None:
    def preprocess(items: Sequence[InputObject]) -> list[Payload]:
        return images(items)

    preprocess.__annotations__["return"] = makes
    assert _faults(changed(FEATURES=(), preprocess=preprocess)) == []
    preprocess.__annotations__["return"] = list[list[float]]
    assert _faults(changed(FEATURES=(), preprocess=preprocess)) == ["FEATURES"]


def _faults(use_case: UseCase) -> list[str]:
    return [fault.field for fault in faults(use_case)]
