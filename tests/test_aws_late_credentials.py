"""A metadata service that comes late: whoever asks once it is there has credentials, without a restart."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app import aws
from app.backends.registry import open_backend
from app.backends.sagemaker.looks.control import ControlCalls
from app.core.errors import BackendRefused, StorageCredentials
from app.core.hosts import Hosts
from app.storage import open_storage
from tests.support.aws_stub import Answer, AwsStub, Request, csv, reply
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import http_stub

LISTING = (
    b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name></ListBucketResult>'
)


class Metadata:
    """That of an instance with a role, once so many questions went unanswered."""

    def __init__(self) -> None:
        self.silent = 10**6

    def __call__(self, request: Request) -> Answer:
        if request.method == "PUT":
            self.silent -= 1
            return Answer(body=b"token") if self.silent < 0 else Answer(500)
        if self.silent >= 0:
            return Answer(500)
        if request.path.endswith("/security-credentials/"):
            return Answer(body=b"role")
        ends = datetime.now(UTC) + timedelta(hours=6)
        keys = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "example", "Token": "token"}
        return reply({"Code": "Success", **keys, "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")})


@pytest.fixture
def metadata(aws: AwsStub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    """The only source of credentials, silent for now."""
    aws.respond = _answer
    with http_stub() as server:
        server.respond = metadata = Metadata()
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
        yield from _in_a_session_of_its_own(metadata)


def _in_a_session_of_its_own(metadata: Metadata) -> Iterator[Metadata]:
    aws.session.cache_clear()
    yield metadata
    aws.session.cache_clear()


def _answer(request: Request) -> Answer:
    if "invocations" in request.path:
        return csv("1")
    if request.operation == "DescribeEndpoint":
        return reply({"EndpointName": "churn", "EndpointConfigName": "c", "EndpointStatus": "InService"})
    return Answer(body=LISTING)


async def test_an_endpoint_is_called(metadata: Metadata) -> None:
    backend = open_backend("sagemaker", {"endpoint_name": "churn"}, ["x"], concurrency=2, hosts=Hosts(""))
    with pytest.raises(BackendRefused, match="no AWS credentials"):
        await backend.predict([[1]], TIMEOUT)
    metadata.silent = 0
    assert [*(await backend.predict([[1]], TIMEOUT)).outputs] == [1]
    await backend.aclose()


async def test_an_endpoint_is_looked_at(metadata: Metadata) -> None:
    backend = open_backend("sagemaker", {"endpoint_name": "churn"}, ["x"], concurrency=2, hosts=Hosts(""))
    with pytest.raises(BackendRefused, match="no AWS credentials"):
        await backend.look()
    metadata.silent = 0
    assert await backend.look() is not None
    control = ControlCalls(None, "churn")
    assert control.ask(lambda: control.s3.list_objects_v2(Bucket="b")) is not None
    await backend.aclose()


async def test_the_storage_is_found(metadata: Metadata) -> None:
    storage = open_storage("s3://some-bucket/reports")
    with pytest.raises(StorageCredentials):
        await storage.check()
    metadata.silent = 0
    await storage.check()


def test_credentials_that_come_while_a_client_is_made_leave_none_without(metadata: Metadata) -> None:
    config = aws.call_config(attempts=1, connect_timeout=1, read_timeout=1)
    metadata.silent = 1
    first = aws.s3_client(config)
    assert aws.s3_client(config) is not first or first.list_objects_v2(Bucket="b")
    assert aws.s3_client(config).list_objects_v2(Bucket="b")["Name"] == "b"
