"""The storage on a real S3 server, and on one that fails in every way."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.config import Config

import app.aws
from app.core.errors import AppError, NotFound, StorageCredentials, StorageDown, StorageError
from app.local.s3 import S3Server
from app.storage import Storage, open_storage, s3
from tests.support.aws_stub import Answer, AwsStub
from tests.support.ports import free_ports

KEYS = ["a b", "a+b", "a%2Bb", "prédiction/é", "x/y/z.csv", "ключ", "a&b=c?d#e", "quote'\"<>"]


@pytest.fixture(autouse=True)
def _fresh_session() -> Iterator[None]:
    """boto3's one session keeps the credentials that it was made with."""
    app.aws.session.cache_clear()
    yield
    app.aws.session.cache_clear()


@pytest.fixture
def bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a bucket that is not there yet."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return f"bucket-{uuid4().hex}"


@pytest.fixture
async def storage(bucket: str) -> Storage:
    storage = open_storage(f"s3://{bucket}/some prefix/é")
    await storage.ensure_bucket()
    return storage


async def test_what_is_put_is_got_and_listed(storage: Storage, bucket: str) -> None:
    for key in KEYS:
        await storage.put(key, key.encode())
    await storage.put(KEYS[0], b"replaced")
    assert [await storage.get(key) for key in KEYS] == [b"replaced", *(key.encode() for key in KEYS[1:])]
    listed = await storage.list("")
    assert {entry.key for entry in listed} == set(KEYS)
    [entry] = await storage.list("x/")
    assert (entry.key, entry.size, entry.etag) == ("x/y/z.csv", 9, hashlib.md5(b"x/y/z.csv").hexdigest())
    assert entry.last_modified.tzinfo is not None
    assert await storage.list("none") == []
    assert {entry.key for entry in await open_storage(f"s3://{bucket}").list("")} == {
        f"some prefix/é/{key}" for key in KEYS
    }


async def test_a_file_is_sent_from_where_it_stands(storage: Storage, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"head" + b"x" * 20_000_000)
    with file.open("rb") as opened:
        opened.seek(4)
        await storage.put("large", opened)
    assert await storage.get("large") == b"x" * 20_000_000


async def test_a_listing_has_every_page(storage: Storage) -> None:
    for start in range(0, 1001, 91):
        await asyncio.gather(*(storage.put(f"many/{number:04}", b"") for number in range(start, start + 91)))
    listed = await storage.list("many/")
    assert [entry.key for entry in listed] == [f"many/{number:04}" for number in range(1001)]


async def test_the_bucket_is_made_once_however_many_make_it(bucket: str) -> None:
    storages = [open_storage(f"s3://{bucket}") for _ in range(4)]
    with pytest.raises(
        StorageError, match="bucket does not exist: run `python -m app storage init`"
    ) as caught:
        await storages[0].check()
    assert not caught.value.retryable
    await asyncio.gather(*(storage.ensure_bucket() for storage in storages))
    await storages[0].put("kept", b"1")
    await storages[1].ensure_bucket()
    assert await storages[2].get("kept") == b"1"


@pytest.mark.parametrize("code", ["BucketAlreadyOwnedByYou", "BucketAlreadyExists", "OperationAborted"])
async def test_another_maker_may_be_faster(aws: AwsStub, code: str) -> None:
    none = Answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
    taken = Answer(409, f"<Error><Code>{code}</Code></Error>".encode())
    aws.script(none, taken, Answer(200, b"<ListBucketResult/>"))
    await open_storage("s3://bucket").ensure_bucket()
    assert [request.method for request in aws.requests] == ["GET", "PUT", "GET"]


async def test_an_object_that_is_not_there(storage: Storage) -> None:
    with pytest.raises(NotFound):
        await storage.get("nothing")


async def test_a_wrong_secret_is_refused(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    error = await failure(open_storage(f"s3://{bucket}"))
    assert type(error) is StorageCredentials
    assert "refused the credentials" in error.detail
    assert "hunter2" not in error.detail


async def test_a_server_that_is_away(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [port] = free_ports(1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
    error = await failure(open_storage(f"s3://{bucket}"))
    assert (type(error), error.detail, error.retryable) == (
        StorageDown,
        "The storage cannot be reached.",
        True,
    )


async def test_a_configuration_that_is_no_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "hunter2")
    error = await failure(open_storage("s3://bucket"))
    assert type(error) is StorageCredentials
    assert "credentials or configuration" in error.detail
    assert "hunter2" not in error.detail


EXPIRED = "The storage refused the credentials of this service: they are wrong, or have expired."
NOT_ALLOWED = "The storage refused the credentials of this service, or they may not do this."
FAILING, REFUSED = "The storage is failing.", "The storage refused the call."


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        (Answer(503, b"<Error><Code>SlowDown</Code></Error>"), StorageDown, FAILING),
        (Answer(507, b"<Error><Code>XMinioStorageFull</Code></Error>"), StorageDown, FAILING),
        (Answer(500, b"hunter2"), StorageDown, FAILING),
        (Answer(200, b"hunter2"), StorageDown, FAILING),
        (Answer(reset=True), StorageDown, "The storage cannot be reached."),
        (Answer(400, b"hunter2"), StorageError, REFUSED),
        (Answer(400, b"<Error><Code>Odd</Code></Error>"), StorageError, REFUSED),
        (Answer(400, b"<Error><Code>ExpiredToken</Code></Error>"), StorageCredentials, EXPIRED),
        (Answer(400, b"<Error><Code>TokenRefreshRequired</Code></Error>"), StorageCredentials, EXPIRED),
        (Answer(403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>"), StorageCredentials, EXPIRED),
        (Answer(403, b"<Error><Code>InvalidObjectState</Code></Error>"), StorageError, NOT_ALLOWED),
        (Answer(403, b"<Error><Code>AccessDenied</Code></Error>"), StorageError, NOT_ALLOWED),
    ],
)
async def test_what_a_server_may_answer(
    aws: AwsStub, monkeypatch: pytest.MonkeyPatch, answer: Answer, kind: type[AppError], detail: str
) -> None:
    once = s3.CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
    monkeypatch.setattr(s3, "CONFIG", once)
    aws.script(answer)
    error = await failure(open_storage("s3://bucket"))
    assert (type(error), error.detail) == (kind, detail)


async def test_a_download_that_is_cut_off_is_tried_by_the_caller(aws: AwsStub) -> None:
    aws.script(Answer(body=b"half", missing=10))
    with pytest.raises(StorageDown):
        await open_storage("s3://bucket").get("key")


async def test_the_server_is_asked_again_after_a_hiccup(aws: AwsStub) -> None:
    aws.script(Answer(503), Answer(body=b"content"))
    assert await open_storage("s3://bucket").get("key") == b"content"
    assert len(aws.requests) == 2


async def failure(storage: Storage) -> AppError:
    """What a check fails with."""
    with pytest.raises(AppError) as caught:
        await storage.check()
    return caught.value
