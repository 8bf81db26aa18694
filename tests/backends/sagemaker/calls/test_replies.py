"""What comes back is read as boto3 reads it; what boto3 trips over is an error that says so."""

from collections.abc import Mapping

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from app.backends.registry import open_backend
from app.backends.sagemaker.calls import chosen
from app.core.errors import BackendError
from app.core.hosts import Hosts
from tests.backends.sagemaker.calls.conftest import Opener, by_boto3
from tests.backends.sagemaker.test_errors import ANSWERS
from tests.support.aws_stub import Answer, AwsStub, control_error, error
from tests.support.eventually import TIMEOUT

NOT_READ = {"reset", "cut off"}
REFUSALS = {name: answer for name, (answer, _) in ANSWERS.items() if name not in NOT_READ} | {
    "code in the body": control_error("com.amazonaws.sagemaker#ValidationError"),
    "code with a link": error("ModelError:http://internal.amazon.com/", 424, OriginalStatusCode=500),
    "redirect": Answer(301, headers={"Location": "http://127.0.0.1:1/"}),
    "long": error("ModelError", 424, "x" * 200_000, OriginalStatusCode=400),
    "text": Answer(400, "naïve".encode(), {"X-Amzn-RequestId": "1-2-3"}),
}
CONFUSING = (
    *(b"\xff", b"[1]", b'"busy"', b"null", b"1", b"[" * 100_000, b'{"Message":{"a":1},"__type":7}'),
    b'{"__type":"ModelError","OriginalStatusCode":1e400}',
)
ODD = (
    *(b'{"code":5}', b'{"__type":"ValidationError","message":["x"]}', b'{"code":null,"Message":null}'),
    *(b'{"__type":"ModelError","OriginalStatusCode":"x"}', b'{"__type":"ModelError","OriginalMessage":{}}'),
)


async def refusal(opener: Opener) -> ClientError:
    with pytest.raises(ClientError) as caught:
        await opener().invoke(b"1")
    return caught.value


def told(error: ClientError) -> dict[str, object]:
    """All that was answered: not when, nor how often boto3 asked."""
    about = error.response["ResponseMetadata"]
    headers = {name: text for name, text in about["HTTPHeaders"].items() if name != "date"}
    left_out = {"RetryAttempts", "MaxAttemptsReached", "HTTPHeaders"}
    kept = {name: value for name, value in about.items() if name not in left_out}
    return {**error.response, "ResponseMetadata": kept, "HTTPHeaders": headers}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_is_the_error_that_boto3_raises(aws: AwsStub, opener: Opener, name: str) -> None:
    aws.script(REFUSALS[name])
    with pytest.raises(ClientError) as caught:
        by_boto3({}, b"1")
    assert told(await refusal(opener)) == told(caught.value)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/json", "x-Amzn-Invoked-Production-Variant": "blue"},
        {"content-type": "text/csv; charset=utf-8", "X-AMZN-INVOKED-PRODUCTION-VARIANT": ""},
        {"X-Amzn-SageMaker-Custom-Attributes": "a=b", "X-Amzn-SageMaker-New-Session-Id": "1; Expires=2"},
    ],
)
@pytest.mark.parametrize("body", [b"", b"0.5\n", bytes(range(256)), b"x" * 300_000])
async def test_an_answer_is_what_boto3_gives(
    aws: AwsStub, opener: Opener, headers: Mapping[str, str], body: bytes
) -> None:
    aws.script(Answer(body=body, headers=headers))
    assert await opener().invoke(b"1") == by_boto3({}, b"1")


@pytest.mark.parametrize("body", CONFUSING)
@pytest.mark.parametrize("status", [301, 400, 424, 503])
@pytest.mark.parametrize("boto3", [False, True], ids=["signed", "boto3"])
async def test_what_is_no_aws_answer_is_an_error_of_ours(
    aws: AwsStub, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, boto3: bool
) -> None:
    if boto3:
        monkeypatch.setenv(chosen.PLUGINS, "tracing=no_such_module")
    aws.script(Answer(status, body))
    caught = await failure()
    assert "no AWS answer" in caught.detail
    assert isinstance(caught.__cause__, ResponseParserError)


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize("status", [400, 424, 503])
async def test_values_of_another_type_than_aws_sends_are_borne(
    aws: AwsStub, status: int, body: bytes
) -> None:
    aws.script(Answer(status, body, {"Retry-After": "9" * 400}))
    assert (await failure()).retry_after is None


async def failure() -> BackendError:
    backend = open_backend("sagemaker", {"endpoint_name": "e"}, ["a"], concurrency=1, hosts=Hosts())
    with pytest.raises(BackendError) as caught:
        await backend.predict([[1]], TIMEOUT)
    await backend.aclose()
    return caught.value
