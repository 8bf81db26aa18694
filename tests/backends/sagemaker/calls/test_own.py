"""What a call has of its own goes out in both ways as boto3 sends it, signed anew each time."""

import pytest

from app import aws as clients
from app.backends.sagemaker.calls import chosen
from app.backends.sagemaker.calls.own import HEADERS, NOTHING_OWN, OwnArguments
from tests.backends.sagemaker.calls.conftest import CONFIG, CSV, Opener, by_boto3
from tests.support.aws_stub import AwsStub

pytestmark = [pytest.mark.usefixtures("one_moment", "fresh_session")]

OWN = {
    "nothing": NOTHING_OWN,
    "id": OwnArguments(inference_id="6e3a-" * 12),
    "type": OwnArguments(content_type='application/x-npy; a="b  c"'),
    "attributes": OwnArguments(custom_attributes="trace=1;  two  blanks, naïve=é "),
    "all": OwnArguments("image/png", "1", "(x-amz-date-)", "`true`", "application/json"),
}


@pytest.mark.parametrize("name", OWN)
async def test_it_is_signed_as_boto3_signs_it(aws: AwsStub, opener: Opener, name: str) -> None:
    calls, own = opener(CSV), OWN[name]
    await calls.invoke(b"1", OwnArguments("text/plain", "other", "attributes"))
    by_boto3({**CSV, **own.arguments}, b"1")
    await calls.invoke(b"1", own)
    (_, theirs, ours) = (dict(request.headers) for request in aws.requests)
    assert theirs.pop("amz-sdk-invocation-id") != ours.pop("amz-sdk-invocation-id")
    assert ours == theirs


async def test_a_session_token_is_signed_with_it(
    aws: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token/with+odd=characters")
    by_boto3({**CSV, **OWN["all"].arguments}, b"1")
    await opener(CSV).invoke(b"1", OWN["all"])
    (theirs, ours) = aws.requests
    assert ours.headers["authorization"] == theirs.headers["authorization"]


async def test_boto3_is_given_it_too(aws: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(chosen.PLUGINS, "tracing=no_such_module")
    await opener(CSV).invoke(b"1", OWN["all"])
    sent = aws.requests[0].headers
    assert {name: sent[name] for name in HEADERS.values()} == OWN["all"].headers


def test_the_headers_are_those_of_the_service_model(aws: AwsStub) -> None:
    service = clients.sagemaker_runtime_client(CONFIG).meta.service_model
    shape = service.operation_model("InvokeEndpoint").input_shape
    assert shape is not None
    theirs = {name: shape.members[name].serialization["name"].lower() for name in HEADERS}
    assert theirs == HEADERS
