"""InvokeEndpointAsync of the local endpoint, asked by boto3."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from app.local.s3 import S3Server
from tests.support.async_endpoint import AsyncEndpoint, async_endpoint
from tests.support.aws import connect
from tests.support.eventually import until


@pytest.fixture
def later(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsyncEndpoint]:
    with async_endpoint(server, tmp_path, monkeypatch) as endpoint:
        yield endpoint


async def invoke(endpoint: AsyncEndpoint, **asked: object) -> dict[str, object]:
    runtime = connect("sagemaker-runtime", endpoint_url=endpoint.url)
    request = {"EndpointName": "later", "ContentType": "text/csv", **asked}
    found: dict[str, object] = await asyncio.to_thread(lambda: runtime.invoke_endpoint_async(**request))
    return found


async def content(endpoint: AsyncEndpoint, location: object) -> tuple[str, str]:
    """What is written there, once it is, and its media type."""
    key = str(location).removeprefix(f"s3://{endpoint.bucket}/")
    await until(lambda: key in endpoint.written(""))
    found = endpoint.s3.get_object(Bucket=endpoint.bucket, Key=key)  # type: ignore[attr-defined]
    return found["Body"].read().decode(), found["ContentType"]


async def test_an_answer_is_written_where_the_reply_says(later: AsyncEndpoint) -> None:
    accepted = await invoke(later, Body=b"1.5\n2", InferenceId="mine", Accept="text/csv")
    assert accepted["InferenceId"] == "mine"
    assert accepted["ResponseMetadata"]["HTTPStatusCode"] == 202  # type: ignore[index]
    assert await content(later, accepted["OutputLocation"]) == ("15.0\n20.0", "text/csv")
    assert later.written("failures") == []


async def test_a_failure_is_written_beside(later: AsyncEndpoint) -> None:
    accepted = await invoke(later, Body=b"-1")
    said, kind = await content(later, accepted["FailureLocation"])
    assert said.startswith('Received server error (500) from primary with message "a secret')
    assert (kind, later.written("out")) == ("text/plain", [])


async def test_its_input_may_be_in_a_bucket(later: AsyncEndpoint) -> None:
    later.s3.put_object(Bucket=later.bucket, Key="in/a", Body=b"3")  # type: ignore[attr-defined]
    accepted = await invoke(later, InputLocation=f"s3://{later.bucket}/in/a")
    assert (await content(later, accepted["OutputLocation"]))[0] == "30.0"


WRONG: dict[str, dict[str, object]] = {
    "length less than or equal to 128000": {"Body": b"1" * 128_001},
    "exactly one of Body and InputLocation": {"Body": b"1", "InputLocation": "s3://b/k"},
    "between 60 and 21600": {"Body": b"1", "RequestTTLSeconds": 21_601},
    "not found": {"Body": b"1", "EndpointName": "other"},
    "cannot be read": {"InputLocation": "s3://nowhere-at-all/k"},
}


async def test_what_it_refuses(later: AsyncEndpoint) -> None:
    for said, wrong in WRONG.items():
        with pytest.raises(ClientError, match=said) as refused:
            await invoke(later, **wrong)
        assert refused.value.response["Error"]["Code"] == "ValidationError"
    runtime = connect("sagemaker-runtime", endpoint_url=later.url)
    with pytest.raises(ClientError, match="use InvokeEndpointAsync"):
        await asyncio.to_thread(
            lambda: runtime.invoke_endpoint(EndpointName="later", ContentType="text/csv", Body=b"1")
        )
