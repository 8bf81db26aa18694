"""A bucket on S3, in calls that wait: what boto3 raises, and what it means."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from botocore import exceptions as vendor
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from app.aws import (
    CALL_ERRORS,
    UNREACHABLE,
    CallError,
    Role,
    call_config,
    error_code,
    error_status,
    s3_client,
    understood,
)
from app.core.errors import AppError, Conflict, NotFound, StorageCredentials, StorageDown, StorageError
from app.storage.objects import StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef, ObjectTypeDef

CONFIG = call_config(attempts=3, connect_timeout=3, read_timeout=30)  # every call of ours may be made twice
NO_BUCKET = "NoSuchBucket"
BAD_CREDENTIALS = {
    *(
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidToken",
        "TokenRefreshRequired",
        "RequestTimeTooSkewed",
    ),
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "UnrecognizedClientException"),
}
"""Codes that speak of the credentials, some of them with the status 400 (Amazon S3 API Reference, Error
responses); AccessDenied may be about one object."""
REFUSED_CREDENTIALS = "The storage refused the credentials of this service: they are wrong, or have expired."
MADE_MEANWHILE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists", "OperationAborted"}
"""Codes of CreateBucket where somebody else makes the same bucket."""


class S3Bucket:
    """The objects of a bucket under a prefix; the methods of Storage wait for those of the same names."""

    def __init__(self, bucket: str, prefix: str, *, role: Role | None, region: str | None) -> None:
        self._bucket, self._prefix, self._role, self._region = bucket, prefix, role, region

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        with _told():
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content)

    def get(self, key: str, etag: str | None) -> bytes:
        wanted: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": self._prefix + key}
        if etag:
            wanted["IfMatch"] = f'"{etag}"'
        with _told():
            return self._client.get_object(**wanted)["Body"].read()

    def list(self, prefix: str) -> list[StoredObject]:
        with _told(), understood():
            pages = self._client.get_paginator("list_objects_v2")
            found = pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix)
            return [self._entry(each) for page in found for each in page.get("Contents", [])]

    def delete(self, key: str) -> None:
        with _told():
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def look(self) -> None:
        with _told():
            self._look()

    def make(self) -> None:
        """Make the bucket unless it is there; several may do so at once."""
        with _told():
            self._make()

    def _make(self) -> None:
        try:
            self._look()
        except ClientError as error:
            if error_code(error) != NO_BUCKET:
                raise
            self._create_bucket()
            self._look()

    def _create_bucket(self) -> None:
        region = self._client.meta.region_name
        try:
            # us-east-1 is where buckets are made by default, and the one place that may not be named.
            if region == "us-east-1":
                self._client.create_bucket(Bucket=self._bucket)
            else:
                place = cast("BucketLocationConstraintType", region)  # the stubs list those of their day
                self._client.create_bucket(
                    Bucket=self._bucket, CreateBucketConfiguration={"LocationConstraint": place}
                )
        except ClientError as error:
            if error_code(error) not in MADE_MEANWHILE:
                raise

    def _look(self) -> None:
        # Allowed to whoever may list below the prefix, unlike HeadBucket.
        self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)

    def _entry(self, found: "ObjectTypeDef") -> StoredObject:
        key = found["Key"].removeprefix(self._prefix)
        return StoredObject(key, found["ETag"].strip('"'), found["LastModified"], found["Size"])

    @property
    def _client(self) -> "S3Client":
        # One that was made without credentials is another one later.
        return s3_client(CONFIG, region=self._region, role=self._role)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except CALL_ERRORS as error:
        raise _translate(error) from error


def _translate(error: CallError) -> AppError:
    """The vendor's messages name hosts, keys and accounts: they are the cause, never the detail."""
    if isinstance(error, ClientError):
        return _refusal(error_code(error), error_status(error))
    if isinstance(error, vendor.SSLError):
        return StorageError("The TLS connection to the storage failed (certificate or protocol).")
    if isinstance(error, UNREACHABLE):
        return StorageDown("The storage cannot be reached.")
    if isinstance(error, vendor.ResponseStreamingError | vendor.IncompleteReadError):
        return StorageDown("The storage's answer was cut off.")
    if isinstance(error, ResponseParserError):
        return StorageDown("The storage answered something that is not S3's protocol.")
    return StorageCredentials(
        "The AWS credentials or configuration of this service are missing or not valid."
    )


def _refusal(code: str, status: int) -> AppError:
    if code == "NoSuchKey":
        return NotFound("There is no such object in the storage.")
    if code == NO_BUCKET:
        return StorageError("The storage's bucket does not exist: run `python -m app storage init`.")
    if code in BAD_CREDENTIALS or status == 401:
        return StorageCredentials(REFUSED_CREDENTIALS)
    if code == "PreconditionFailed":
        return Conflict("The object has been replaced.")
    if status == 403:
        return StorageError("The storage refused the credentials of this service, or they may not do this.")
    if status == 429 or status >= 500:
        return StorageDown("The storage is failing.")
    return StorageError("The storage refused the call.")
