"""Objects on S3 or any server that speaks it, through boto3.

Address and credentials are boto3's own: AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID and so on. A server that does
not know the checksums of recent SDKs needs AWS_REQUEST_CHECKSUM_CALCULATION=when_required and
AWS_RESPONSE_CHECKSUM_VALIDATION=when_required.
"""

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from app.storage.objects import StoredObject

if TYPE_CHECKING:
    from app.aws import Role
    from app.storage.s3 import S3Bucket

__all__ = ["Storage", "StoredObject", "open_storage"]

T = TypeVar("T")


class Storage:
    """The objects of a bucket under a prefix; keys are relative to it, and any text.

    Every method raises StorageError if the server refuses us, StorageDown if it is failing or away.
    """

    def __init__(
        self, bucket: str, prefix: str, *, role: "Role | None" = None, region: str | None = None
    ) -> None:
        """``prefix`` is empty or ends with a slash."""
        self._bucket, self._prefix, self._role, self._region = bucket, prefix, role, region

    async def put(self, key: str, content: bytes | BinaryIO) -> None:
        """Create or replace an object of up to 5 GB; a file is read from where it stands, as it is sent."""
        await self._call(lambda s3: s3.put(key, content))

    async def get(self, key: str, *, etag: str | None = None) -> bytes:
        """The object's bytes; NotFound if there is none, Conflict if it is not the one of this ``etag``."""
        return await self._call(lambda s3: s3.get(key, etag))

    async def list(self, prefix: str) -> list[StoredObject]:
        """Every object whose key starts with ``prefix``, in the order of their keys."""
        return await self._call(lambda s3: s3.list(prefix))

    async def delete(self, key: str) -> None:
        """Delete an object; that there is none is as good."""
        await self._call(lambda s3: s3.delete(key))

    async def ensure_bucket(self) -> None:
        """Make the bucket unless it is there; several may do so at once."""
        await self._call(lambda s3: s3.make())

    async def check(self) -> None:
        """Raise what keeps us from the storage, if anything does."""
        await self._call(lambda s3: s3.look())

    async def _call(self, work: "Callable[[S3Bucket], T]") -> T:
        return await asyncio.to_thread(lambda: work(self._s3))

    @cached_property
    def _s3(self) -> "S3Bucket":
        from app.storage.s3 import (
            S3Bucket,
        )  # boto3 takes 0.2 s; in its thread no other request waits for that

        return S3Bucket(self._bucket, self._prefix, role=self._role, region=self._region)


def open_storage(url: str, *, role: "Role | None" = None, region: str | None = None) -> Storage:
    """The storage at ``s3://bucket[/prefix]``; nothing is called before it is used. By default it is asked as
    the service, in the environment's region."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    prefix = prefix.rstrip("/")
    return Storage(bucket, f"{prefix}/" if prefix else "", role=role, region=region)
