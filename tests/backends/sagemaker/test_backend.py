"""Through real sockets and the real boto3; the other end is scripted."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendDown, BackendTimeout, BadOutput, InvalidInput
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.support.aws_stub import Answer, AwsStub, csv, reply
from tests.support.eventually import TIMEOUT

FEATURES = ("a", "b")
Opener = Callable[..., Backend]


@pytest.fixture
async def opener(aws: AwsStub) -> AsyncIterator[Opener]:
    opened: list[Backend] = []

    def open_one(concurrency: int = 2, **options: JsonValue) -> Backend:
        values = {"endpoint_name": "churn"} | options
        hosts = Hosts(f"http://127.0.0.1:{aws.server_port}")
        opened.append(open_backend("sagemaker", values, FEATURES, concurrency=concurrency, hosts=hosts))
        return opened[-1]

    yield open_one
    for backend in opened:
        await backend.aclose()


async def test_a_call_carries_the_rows_and_says_who_is_asked(aws: AwsStub, opener: Opener) -> None:
    aws.script(csv("0.5\n0.25\n"))
    backend = opener(
        target_model="v3/model.tar.gz",
        target_variant="blue",
        inference_component="tiny",
        target_container_hostname="second",
        custom_attributes="from=the service",
    )
    assert (await backend.predict([[1, "x"], [None, True]], TIMEOUT)).outputs == [0.5, 0.25]
    (request,) = aws.requests
    assert (request.method, request.path) == ("POST", "/endpoints/churn/invocations")
    assert request.body == b"1,x\n,1"
    assert request.headers["content-type"] == request.headers["accept"] == "text/csv"
    assert request.headers["x-amzn-sagemaker-target-model"] == "v3/model.tar.gz"
    assert request.headers["x-amzn-sagemaker-target-variant"] == "blue"
    assert request.headers["x-amzn-sagemaker-inference-component"] == "tiny"
    assert request.headers["x-amzn-sagemaker-target-container-hostname"] == "second"
    assert request.headers["x-amzn-sagemaker-custom-attributes"] == "from=the service"
    assert "us-east-1/sagemaker/aws4_request" in request.headers["authorization"]


async def test_headers_of_options_that_are_not_set_stay_away(aws: AwsStub, opener: Opener) -> None:
    await opener().predict([[1, 2]], TIMEOUT)
    sent = [name for name in aws.requests[0].headers if name.startswith("x-amzn-sagemaker")]
    assert sent == ["x-amzn-sagemaker-inference-id"]


async def test_accept_is_configurable_and_the_announced_type_decides(aws: AwsStub, opener: Opener) -> None:
    aws.script(reply({"predictions": [1, 2]}))
    backend = opener(accept="application/json;verbose=true", region="eu-west-1", endpoint_url=aws.url)
    assert (await backend.predict([[1, 2], [3, 4]], TIMEOUT)).outputs == [1, 2]
    assert aws.requests[0].headers["accept"] == "application/json;verbose=true"
    assert "eu-west-1/sagemaker" in aws.requests[0].headers["authorization"]


async def test_without_an_announced_type_the_answer_is_read_as_asked_for(
    aws: AwsStub, opener: Opener
) -> None:
    aws.script(Answer(body=b"[1]"))
    assert (await opener(accept="application/json").predict([[1, 2]], TIMEOUT)).outputs == [1]


async def test_json_lines_and_wrapped_json_are_sent(aws: AwsStub, opener: Opener) -> None:
    aws.script(csv("1\n2"))
    rows: list[Row] = [[1, None], [2.5, "x"]]
    await opener(content_type="application/jsonlines").predict(rows, TIMEOUT)
    await opener(content_type="application/json", json_key="instances").predict(rows, TIMEOUT)
    assert aws.requests[0].body == b'[1,null]\n[2.5,"x"]'
    assert aws.requests[1].body == b'{"instances":[[1,null],[2.5,"x"]]}'


async def test_the_built_in_xgboost_answers_in_one_line(aws: AwsStub, opener: Opener) -> None:
    aws.script(csv("0.1,0.2,0.3"))
    rows = [[1, 2], [3, 4], [5, 6]]
    assert (await opener(csv_reply="one_line").predict(rows, TIMEOUT)).outputs == [0.1, 0.2, 0.3]
    with pytest.raises(BadOutput, match="answered 1 rows for 3"):
        await opener().predict(rows, TIMEOUT)


async def test_fifty_calls_run_fifty_wide_and_keep_their_connections(aws: AwsStub, opener: Opener) -> None:
    together = threading.Barrier(50)

    def respond(request: object) -> Answer:
        together.wait(TIMEOUT)  # breaks, and the call fails, unless all fifty are here
        return csv("1")

    aws.respond = respond
    backend = opener(concurrency=50)
    for _ in range(2):
        replies = await asyncio.gather(*(backend.predict([[1, 2]], TIMEOUT) for _ in range(50)))
        assert [reply.outputs for reply in replies] == [[1]] * 50
    assert aws.connections == 50


async def test_the_timeout_ends_the_call(aws: AwsStub, opener: Opener) -> None:
    go_on = threading.Event()
    aws.script(Answer(wait=go_on), csv("2"))
    backend = opener()
    with pytest.raises(BackendTimeout, match=r"endpoint 'churn': no answer came within 0\.1 s"):
        await backend.predict([[1, 2]], 0.1)
    await aws.received()
    assert (await backend.predict([[1, 2]], TIMEOUT)).outputs == [2]
    go_on.set()


async def test_a_cancelled_call_leaves_the_backend_usable(aws: AwsStub, opener: Opener) -> None:
    go_on = threading.Event()
    aws.script(Answer(wait=go_on), csv("2"))
    backend = opener()
    call = asyncio.create_task(backend.predict([[1, 2]], 60))
    await aws.received()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await backend.predict([[1, 2]], TIMEOUT)).outputs == [2]
    go_on.set()


async def test_closing_cuts_off_a_hanging_call(aws: AwsStub, opener: Opener) -> None:
    go_on = threading.Event()
    aws.script(Answer(wait=go_on))
    backend = opener()
    call = asyncio.create_task(backend.predict([[1, 2]], 60))
    await aws.received()
    await backend.aclose()
    with pytest.raises(BackendDown, match="no longer used"):
        await call
    go_on.set()


async def test_limits_and_row_sizes_bound_the_body(aws: AwsStub, opener: Opener) -> None:
    aws.script(csv("1\n2"))
    backend = opener(content_type="application/json", json_key="instances", max_rows=7, max_bytes=2000)
    rows: list[Row] = [["é" * 10, 1], [None, 2]]
    await backend.predict(rows, TIMEOUT)
    envelope = 2000 - backend.limits.bytes
    assert backend.limits.rows == 7
    assert len(aws.requests[0].body) <= envelope + sum(map(backend.row_bytes, rows))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("endpoint_name", "a/b"),
        ("endpoint_name", "bad_name"),
        ("endpoint_name", "-dash"),
        ("endpoint_name", "line\n"),
        ("endpoint_name", "x" * 64),
        ("endpoint_name", ""),
        ("target_model", ""),
        ("target_model", "/absolute.tar.gz"),
        ("target_model", "two\r\nheaders: 1"),
        ("target_model", "modèle"),
        ("target_variant", "a b"),
        ("inference_component", "x" * 64),
        ("target_container_hostname", "a.b"),
        ("custom_attributes", ""),
        ("custom_attributes", "naïve"),
        ("custom_attributes", "two\r\nheaders: 1"),
        ("custom_attributes", "ends in one "),
        ("custom_attributes", "x" * 1025),
        ("role_arn", "invoke"),
        ("role_arn", "arn:aws:iam::210987654321:user/somebody"),
        ("role_arn", "arn:aws:iam::2109:role/invoke"),
        ("external_id", "of no role"),
        ("external_id", "of-no-role"),
        ("content_type", "text/plain"),
        ("accept", "a\nb"),
        ("csv_reply", "columns"),
        ("json_key", ""),
        ("region", "nowhere!"),
        ("endpoint_url", "file:///etc/passwd"),
        ("endpoint_url", "http://user:secret@host"),
        ("endpoint_url", "http://host:99999"),
        ("endpoint_url", "http://"),
        ("max_rows", 0),
        ("max_bytes", 25_000_001),
        ("password", "x"),
    ],
)
async def test_a_wrong_option_is_named(opener: Opener, option: str, value: JsonValue) -> None:
    with pytest.raises(InvalidInput) as caught:
        opener(**{option: value})
    assert [fault.field for fault in caught.value.errors] == [f"options.{option}"]


@pytest.mark.parametrize("name", ["a", "churn-prod--2", "9" * 63])
async def test_every_legal_name_is_taken(opener: Opener, name: str) -> None:
    assert opener(endpoint_name=name).limits.rows > 1
