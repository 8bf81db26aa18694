"""What `doctor` finds of the storage, on a real S3 server and on a scripted one."""

import boto3
import pytest

from app import aws as aws_clients
from app.core.settings import Settings
from app.local.s3 import S3Server
from app.services.upkeep.doctor import storage as checks
from tests.services.upkeep.doctor.conftest import Examine
from tests.support.aws_stub import Answer, AwsStub, Request


@pytest.fixture
def _s3(server: S3Server, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    aws_clients.session.cache_clear()


def keys_in(bucket: str) -> list[str]:
    found = boto3.Session().client("s3").list_objects_v2(Bucket=bucket)
    return [entry["Key"] for entry in found.get("Contents", [])]


def at(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"storage_url": url})


@pytest.mark.usefixtures("_s3")
async def test_an_object_is_written_read_and_deleted(examine: Examine, settings: Settings) -> None:
    assert (await examine())["storage"].status == "skipped"
    missing = (await examine(at(settings, "s3://doctors-bucket/a")))["storage"]
    assert (missing.status, missing.do) == ("fault", checks.DO)
    assert "does not exist" in missing.said
    boto3.Session().client("s3").create_bucket(Bucket="doctors-bucket")
    assert (await examine(at(settings, "s3://doctors-bucket/a")))["storage"].status == "ok"
    assert keys_in("doctors-bucket") == []


@pytest.mark.parametrize(
    ("refused", "status", "said"),
    [
        ("PUT", "fault", "A probe object cannot be written. The storage refused the credentials"),
        ("GET", "fault", "A probe object that was written cannot be read."),
        ("DELETE", "warning", "It can be written to and read from, and not deleted from: doctor/"),
    ],
)
async def test_what_the_credentials_may_not_do(
    examine: Examine, settings: Settings, aws: AwsStub, refused: str, status: str, said: str
) -> None:
    held = dict[str, bytes]()

    def respond(request: Request) -> Answer:
        is_object = "/doctor/" in request.path
        if is_object and request.method == refused:
            return Answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        if is_object and request.method == "PUT":
            held[request.path] = request.body
            return Answer()
        return Answer(body=held.get(request.path, b"<ListBucketResult/>"))

    aws.respond = respond
    found = (await examine(at(settings, "s3://bucket/a")))["storage"]
    assert found.status == status
    assert found.said.startswith(said)


async def test_an_object_that_is_not_read_as_it_was_written(
    examine: Examine, settings: Settings, aws: AwsStub
) -> None:
    aws.respond = lambda asked: Answer(body=b"<ListBucketResult/>" if asked.method == "GET" else b"")
    found = (await examine(at(settings, "s3://bucket/a")))["storage"]
    assert (found.status, found.said) == ("fault", "A probe object is not read as it was written.")


async def test_a_storage_that_is_away_is_no_fault(examine: Examine, settings: Settings, aws: AwsStub) -> None:
    aws.respond = lambda _: Answer(503, b"<Error><Code>SlowDown</Code></Error>")
    assert (await examine(at(settings, "s3://bucket/a")))["storage"].status == "unavailable"
