"""Rows that are handed to an asynchronous endpoint: in the call, or by way of a bucket."""

from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import JsonValue

from app.backends.base import Ticket
from app.backends.registry import open_backend
from app.backends.sagemaker.asynchronous.backend import AsynchronousBackend
from app.core.errors import BackendDown, BackendRefused, BackendTimeout, BadOutput, InvalidInput, TooLarge
from app.core.hosts import Hosts
from app.schemas.payloads import Payload
from tests.support.aws_stub import Answer, AwsStub, error
from tests.support.eventually import TIMEOUT
from tests.support.later_stub import LaterStub, s3_error

Opener = Callable[..., AsynchronousBackend]
LARGE = ["x" * 130_000]


@pytest.fixture
def later(aws: AwsStub) -> LaterStub:
    return LaterStub(aws, is_open=False)


@pytest.fixture
async def opener(later: LaterStub) -> AsyncIterator[Opener]:
    opened: list[AsynchronousBackend] = []

    def open_one(**options: JsonValue) -> AsynchronousBackend:
        values: dict[str, JsonValue] = {"endpoint_name": "later", "asynchronous": {}}
        backend = open_backend("sagemaker", values | options, ("a",), concurrency=2, hosts=Hosts(""))
        assert isinstance(backend, AsynchronousBackend)
        opened.append(backend)
        return backend

    yield open_one
    for backend in opened:
        await backend.aclose()


async def test_a_large_row_goes_by_way_of_the_bucket(later: LaterStub, opener: Opener) -> None:
    backend = opener(asynchronous={"input_location": "s3://bucket/in/", "request_ttl": 60})
    ticket = await backend.submit(LARGE, TIMEOUT)
    [request] = later.taken
    place = request.headers["x-amzn-sagemaker-inputlocation"]
    assert (request.body, place) == (b"", f"s3://bucket/in/{ticket.inference_id}")
    assert later.objects[place.removeprefix("s3://bucket/")].body == b"x" * 130_000
    assert (ticket.output, ticket.seconds) == ("s3://bucket/out/0", 60 + 900 + 300)


async def test_without_a_bucket_the_error_names_the_option(later: LaterStub, opener: Opener) -> None:
    with pytest.raises(TooLarge, match=r"130000 bytes.*asynchronous\.input_location"):
        await opener().submit(LARGE, TIMEOUT)
    await opener().submit(["x" * 128_000], TIMEOUT)
    assert len(later.taken) == 1


async def test_what_keeps_an_input_from_its_bucket(later: LaterStub, opener: Opener) -> None:
    backend = opener(asynchronous={"input_location": "s3://bucket/in"})
    for refusal, kind in (("AccessDenied", BackendDown), ("NoSuchBucket", BackendRefused)):
        later.s3_refusal = s3_error(refusal, 403 if refusal == "AccessDenied" else 404)
        with pytest.raises(kind):
            await backend.submit(LARGE, TIMEOUT)
    assert later.taken == []


async def test_a_payload_goes_as_it_is_and_its_answer_is_one_output(later: LaterStub, opener: Opener) -> None:
    backend = opener()
    ticket = await backend.submit(Payload(b"\x89PNG", "image/png"), TIMEOUT)
    [request] = later.taken
    assert (request.body, request.headers["x-amzn-sagemaker-content-type"]) == (b"\x89PNG", "image/png")
    assert await backend.collect(ticket, TIMEOUT) is None
    later.objects["out/0"] = Answer(body=b'{"cat": 0.9}', headers={"Content-Type": "application/json"})
    found = await backend.collect(Ticket.model_validate(ticket.model_dump(mode="json")), TIMEOUT)
    assert found is not None
    assert (found.outputs, found.inference_id) == ([{"cat": 0.9}], ticket.inference_id)


async def test_it_is_never_asked_for_an_answer_at_once(later: LaterStub, opener: Opener) -> None:
    with pytest.raises(BackendRefused, match="asynchronous"):
        await opener().predict([[1]], TIMEOUT)


async def test_what_comes_of_a_call_that_hands_rows_over(later: LaterStub, opener: Opener) -> None:
    """A time-out is told apart: the row may have been taken."""
    backend = opener()
    later.refusal = Answer(202, b"{}", {"X-Amzn-SageMaker-OutputLocation": "https://elsewhere/out"})
    with pytest.raises(BadOutput, match="no S3 address"):
        await backend.submit([1], TIMEOUT)
    later.refusal = Answer(202, b"{}")
    with pytest.raises(BadOutput):
        await backend.submit([1], TIMEOUT)
    later.refusal = error("InternalFailure", 500)
    with pytest.raises(BackendDown):
        await backend.submit([1], TIMEOUT)
    with pytest.raises(BackendTimeout):
        await backend.submit([1], 0.0)


WRONG: dict[str, dict[str, JsonValue]] = {
    "asynchronous endpoints take no target_model": {"target_model": "a.tar.gz"},
    "take no target_variant and no inference_component": {"target_variant": "v", "inference_component": "c"},
    "take no batch_delay_ms": {"batch_delay_ms": 5},
    "options.asynchronous.input_location": {"asynchronous": {"input_location": "https://bucket/in"}},
    "options.asynchronous.request_ttl": {"asynchronous": {"request_ttl": 59}},
    "options.asynchronous.invocation_timeout": {"asynchronous": {"invocation_timeout": 3601}},
    "there is no such option": {"asynchronous": {"output_location": "s3://bucket"}},
}


@pytest.mark.parametrize("said", WRONG)
def test_options_that_cannot_be(opener: Opener, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        opener(**WRONG[said])
    assert said in str([f"{fault.field}: {fault.message}" for fault in refused.value.errors])
