"""The ETags of artifacts on S3. Blocking; raises what boto3 raises."""

import random
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from itertools import groupby
from os.path import commonprefix
from typing import TYPE_CHECKING, TypeAlias

from botocore.exceptions import ClientError

from app.aws import error_code
from app.backends.sagemaker.looks.control import ControlCalls
from app.backends.sagemaker.looks.identity import on_s3

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

FEW = 3
"""Objects up to which one call for each is less than a page of a listing."""
SMALL_PAGE, PAGE, MOST_PAGES = 200, 1000, 50
"""Keys of a page where few are looked for, S3's most; and pages that one look may take."""
MOST_HEADS = 100
"""Objects that one look asks about singly where they cannot be listed. The next look asks about others."""

ObjectKey: TypeAlias = tuple[str, str]
"""Bucket and key."""


class NoTag(Enum):
    """Why there is no ETag."""

    GONE = "there is no such object"
    NOT_TOLD = "we may not ask"
    NOT_ASKED = "there are too many"


Tag: TypeAlias = str | NoTag


@dataclass(frozen=True)
class StoredArtifact:
    """An object as it is now."""

    etag: str
    modified: datetime | None


def look(control: ControlCalls, url: str) -> StoredArtifact | None:
    """The one object at this address, with an empty ETag where there is none; None where it is not on S3, or
    we may not see it."""
    place = on_s3(url)
    if place is None:
        return None
    bucket, key = place
    return control.ask(partial(_stored, control, bucket, key))


def _stored(control: ControlCalls, bucket: str, key: str) -> StoredArtifact:
    try:
        found = control.s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) == "404":
            return StoredArtifact("", None)
        raise
    return StoredArtifact(found["ETag"].strip('"'), found.get("LastModified"))


def etags(control: ControlCalls, places: Collection[ObjectKey]) -> dict[ObjectKey, Tag]:
    """The ETag of each, or why there is none: from a listing, or one by one where they are few."""
    found: dict[ObjectKey, Tag] = {}
    if len(places) > FEW:
        for bucket, members in groupby(sorted(places), key=lambda place: place[0]):
            found |= _listed(control, bucket, [key for _, key in members])
    left = [place for place in places if place not in found]
    random.shuffle(left)
    for place in left[:MOST_HEADS]:
        found[place] = control.ask(partial(_head, control, place)) or NoTag.NOT_TOLD
    return dict.fromkeys(left, NoTag.NOT_ASKED) | found


def _listed(control: ControlCalls, bucket: str, keys: Sequence[str]) -> dict[ObjectKey, Tag]:
    """Those of the sorted keys that a listing tells. What lies between two of them is skipped."""
    found: dict[ObjectKey, Tag] = {}
    prefix, seen, index = commonprefix([keys[0], keys[-1]]), "", 0  # noqa: RUF071 - S3's are no folders
    for _ in range(MOST_PAGES):
        if index == len(keys):
            break
        size = min(PAGE, SMALL_PAGE + 2 * (len(keys) - index))
        page = _page(control, bucket, prefix, max(seen, keys[index][:-1]), size)
        if page is None:
            break
        tags = {entry["Key"]: entry["ETag"].strip('"') for entry in page.get("Contents", [])}
        seen = max(tags, default=seen)
        end = bisect_right(keys, seen) if page.get("IsTruncated") else len(keys)
        found |= {(bucket, key): tags.get(key, NoTag.GONE) for key in keys[index:end]}
        index = end
    return found


def _page(
    control: ControlCalls, bucket: str, prefix: str, after: str, size: int
) -> "ListObjectsV2OutputTypeDef | None":
    page = control.ask(
        lambda: control.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=after, MaxKeys=size)
    )
    return page if page and page.get("Name") else None  # without it, it is some other server's answer


def _head(control: ControlCalls, place: ObjectKey) -> Tag:
    bucket, key = place
    try:
        return control.s3.head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
    except ClientError as error:
        if error_code(error) == "404" and _has_no_key(control, place):
            return NoTag.GONE
        raise


def _has_no_key(control: ControlCalls, place: ObjectKey) -> bool:
    """Whether S3 says so in words, which an answer to HEAD has not: another server's 404 would look the
    same. A bucket that is not there is no word: the address of S3 may be that of another one."""
    bucket, key = place
    try:
        control.s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")["Body"].close()
    except ClientError as error:
        return error_code(error) == "NoSuchKey"
    return False
