"""What an asynchronous endpoint has written to S3: an output, or why there is none."""

import json
import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from botocore.exceptions import ClientError
from pydantic import JsonValue

from app.aws import CALL_ERRORS, CallError, Role, call_config, error_code, error_status, s3_client
from app.backends.base import MAX_REPLY
from app.backends.sagemaker.errors import in_our_words
from app.core.errors import (
    BackendDown,
    BackendError,
    BackendRefused,
    BackendRejected,
    BackendTimeout,
    BadOutput,
)
from app.core.logging.quoting import Quoted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = structlog.get_logger(__name__)

MOST_THREADS = 16
"""That ask at once."""
CONFIG = call_config(attempts=2, connect_timeout=3, read_timeout=30, connections=MOST_THREADS)
LOCATION = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)
LONGEST_FAILURE = 2**16
"""Bytes of a failure that are read."""
NO_KIND = ("", "application/octet-stream", "binary/octet-stream")
"""What S3 says of an object that was put without a Content-Type."""

# "Received client error (400) from primary with message ...", as a ModelError of InvokeEndpoint has it.
_STATUS = re.compile(r"received (?:client|server) error \((\d{1,3})\)", re.IGNORECASE)
_LATE = re.compile(r"timed? ?out|time limit|expired|\bTTL\b", re.IGNORECASE)
_MESSAGES = ("OriginalMessage", "Message", "message", "errorMessage", "failureReason", "error")


@dataclass(frozen=True)
class WrittenObject:
    """An object's content, and its media type; empty where nobody said."""

    content: bytes
    kind: str


class Outputs:
    """Reads them, in calls that wait. ``what`` names the endpoint in errors."""

    def __init__(self, what: str, region: str | None, role: Role | None = None) -> None:
        self._what, self._region, self._role = what, region, role

    def read(self, location: str, most: int = MAX_REPLY) -> WrittenObject | None:
        """The object; None where it is not there. BackendDown where nobody can tell, BackendRefused where
        there is no such bucket, BadOutput where it is too large."""
        bucket, key = split(location)
        try:
            found = self._client.get_object(Bucket=bucket, Key=key)
            with closing(found["Body"]) as body:  # what is not read to its end holds its connection
                content = body.read(most + 1)
        except CALL_ERRORS as error:
            if error_code(error) == "NoSuchKey" or (error_status(error) == 404 and not error_code(error)):
                return None
            raise self._unreadable(error) from error
        if len(content) > most:
            raise BadOutput(f"{self._what} answered more than {most // 2**20} MB.")
        kind = found.get("ContentType", "")
        return WrittenObject(content, "" if kind in NO_KIND else kind)

    def put(self, prefix: str, name: str, sent: WrittenObject) -> str:
        """Where the rows of a call are now. Raises what ``read`` raises."""
        location = f"{prefix.rstrip('/')}/{name}"
        bucket, key = split(location)
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=sent.content, ContentType=sent.kind)
        except CALL_ERRORS as error:
            raise self._unreadable(error) from error
        return location

    def failure(self, location: str) -> BackendError | None:
        """What the failure object says; None where there is none."""
        if not location or (found := self._start(location)) is None:
            return None
        text = found.content.decode(errors="replace")
        log.warning("asynchronous invocation failed", target=self._what, said=Quoted(text[:4000]))
        return meaning(text, self._what)

    def _start(self, location: str) -> WrittenObject | None:
        try:
            return self.read(location, LONGEST_FAILURE)
        except BadOutput:  # it is a failure, however long it speaks of it
            return WrittenObject(b"", "")

    def _unreadable(self, error: CallError) -> BackendError:
        """The names of buckets and accounts are for the log."""
        code = error_code(error)
        log.warning(
            "bucket of an asynchronous endpoint refused us", target=self._what, error=Quoted(str(error))
        )
        if code == "NoSuchBucket":
            return BackendRefused(f"{self._what}: The bucket of its inputs or outputs does not exist.")
        if code == "AccessDenied" or error_status(error) == 403:
            needed = "s3:GetObject and s3:ListBucket for its outputs, s3:PutObject for its inputs"
            return BackendDown(f"{self._what}: S3 refuses this service: it needs {needed}.")
        return BackendDown(f"{self._what}: S3 is failing, or cannot be reached.")

    @property
    def _client(self) -> "S3Client":
        return s3_client(CONFIG, region=self._region, role=self._role)


def split(location: str) -> tuple[str, str]:
    """Bucket and key. BadOutput where it is no address of S3."""
    if (found := LOCATION.fullmatch(location)) is None:
        raise BadOutput("The platform named a place for its answer that is no S3 address.")
    return found[1], found[2]


def meaning(text: str, what: str) -> BackendError:
    """What a failure says, in our words: JSON or text, of the container or of the platform."""
    message, status = _told(text)
    if status is None and (found := _STATUS.search(message)):
        status = int(found[1])
    if not status and _LATE.search(message):
        return BackendTimeout(f"{what}: It was not answered within request_ttl and invocation_timeout.")
    if status is None:
        return BackendRejected(f"{what}: The model failed; the service's log has what it said.")
    response = {"Error": {"Code": "ModelError"}, "OriginalStatusCode": status, "OriginalMessage": message}
    return in_our_words(ClientError(response, "InvokeEndpointAsync"), what)  # type: ignore[arg-type]


def _told(text: str) -> tuple[str, int | None]:
    """The message, and the container's status where it has a field of its own."""
    try:
        said: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return text, None
    if not isinstance(said, dict):
        return text, None
    status = said.get("OriginalStatusCode")
    message = next((told for name in _MESSAGES if isinstance(told := said.get(name), str)), text)
    return message, status if isinstance(status, int) else None
