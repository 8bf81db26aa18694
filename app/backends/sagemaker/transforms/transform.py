"""Batch transform jobs of SageMaker: made, followed and stopped; their rows and outputs, line by line.

From AWS's pages on batch transform: an input object ``NAME`` becomes ``NAME.out`` below the output path, its
lines in the order of the rows. Where a row fails there is none for its object. The other objects go on, and
the job ends as Failed.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import structlog
from pydantic import JsonValue

from app.aws import CALL_ERRORS, CallError, call_config, error_code, sagemaker_client, understood
from app.backends.base import missing
from app.backends.sagemaker.errors import translate
from app.backends.sagemaker.options import Options
from app.backends.sagemaker.refusals import says_no_model
from app.backends.sagemaker.transform_options import Transform
from app.backends.sagemaker.transforms.transform_lines import by_id, with_id
from app.backends.sagemaker.transforms.transform_request import job_request
from app.backends.sagemaker.transforms.transform_revision import TransformRevision
from app.backends.wire.exchange import line_writer
from app.backends.wire.replies import Output, decode
from app.core.errors import BackendError, BackendRefused, InvalidInput, TooLarge, UserCodeError
from app.core.logging.quoting import Quoted
from app.schemas.payloads import Payload, Sendable

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DescribeTransformJobResponseTypeDef

log = structlog.get_logger(__name__)

CONFIG = call_config(attempts=3, connect_timeout=5, read_timeout=30)  # every call of ours may be made twice

NO_SUCH_JOB = {"ResourceNotFound", "ValidationException", "ValidationError"}
"""Codes of a job that is not there; of StopTransformJob also where it has ended."""
REFUSALS = {
    "ResourceLimitExceeded": "The account's quota of this instance type for transform jobs is used up.",
    "ValidationException": "There is no such model, or it does not take the options of transform.",
}
"""CreateTransformJob's own errors, in words for operators."""

# Operators find these in the log; callers get neither accounts nor buckets.
_PLACES = re.compile(r"\barn:[^\s,;]+|\b(?:s3|https?)://[^\s,;]+|\b[0-9]{12}\b")

Status = Literal["InProgress", "Completed", "Failed", "Stopping", "Stopped"]


@dataclass(frozen=True)
class TransformJob:
    """A job as SageMaker sees it. ``reason`` is why it failed, ``seconds`` how long it ran, ``age`` the time
    since it was made."""

    status: Status
    reason: str
    seconds: float
    age: timedelta

    @property
    def ended(self) -> bool:
        return self.status not in ("InProgress", "Stopping")


class TransformJobs:
    """The transform jobs of one model version. What calls SageMaker raises BackendError."""

    def __init__(self, options: Options, transform: Transform, features: Sequence[str]) -> None:
        self._options, self._transform, self._features = options, transform, features
        self._format = line_writer(options, options.kind, features)
        self.suffix = "csv" if options.kind == "text/csv" else "jsonl"

    @property
    def time_limit(self) -> timedelta:
        return timedelta(minutes=self._transform.max_minutes)

    def line(self, row: Sendable, one: str) -> bytes:
        """The line of the row with this id, without its end. Raises what says why there is none."""
        if isinstance(row, Payload):
            raise UserCodeError("preprocess made a payload, and batch transform takes rows only, as lines.")
        line = self._format.row(row)
        if b"\n" in line or b"\r" in line:  # within quotes, too
            raise InvalidInput("The row has a line break, at which batch transform would split it.")
        most = self._transform.max_payload_mb
        if len(line) >= most * 2**20:
            raise TooLarge(f"The row takes {len(line)} bytes; batch transform takes {most} MB.")
        return with_id(line, one, self._options.kind) if self._by_id else line

    def outputs(self, content: bytes, ids: Sequence[str]) -> list[Output]:
        """One output for each row of an input object, given by the rows' ids in their order.

        BadOutput where the rows cannot be told apart, or are others or not as many. Empty lines do not count:
        there is one where an answer that ended with a line feed met the next.
        """
        lines = [line for line in content.splitlines() if line.strip()]
        if self._by_id:
            lines = by_id(lines, ids, self._options.kind)
        told = self._options.asked_for, len(ids)
        return decode(b"\n".join(lines), *told, otherwise=self._options.answer_type)

    @property
    def _by_id(self) -> bool:
        return self._transform.match == "id"

    async def find(self, name: str) -> TransformJob | None:
        """The job of this name; None if there is none."""
        try:
            found = await asyncio.to_thread(self._control.describe_transform_job, TransformJobName=name)
            with understood():
                return _job(name, found)
        except CALL_ERRORS as error:
            if error_code(error) in NO_SUCH_JOB:
                return None
            raise translate(error, f"Transform job {name!r}") from error

    async def create(self, name: str, *, source: str, target: str) -> None:
        """Start the job on the objects below ``source`` unless it is there; both are s3:// prefixes."""
        wanted = self._options, self._transform, self._features
        request = job_request(*wanted, name=name, source=source, target=target)
        try:
            await asyncio.to_thread(self._control.create_transform_job, **request)
        except CALL_ERRORS as error:
            if error_code(error) != "ResourceInUse":
                raise _refusal(error, f"SageMaker model {self._transform.model_name!r}") from error

    async def stop(self, name: str) -> None:
        """Stop the job if it is there and under way; what it has written stays."""
        job = await self.find(name)
        if job is None or job.status != "InProgress":
            return
        try:
            await asyncio.to_thread(self._control.stop_transform_job, TransformJobName=name)
        except CALL_ERRORS as error:
            if error_code(error) not in NO_SUCH_JOB:
                raise translate(error, f"Transform job {name!r}") from error

    async def revision(self, noted: str) -> str:
        """Under which revision the outputs are to be kept, given the one that is noted with the version."""
        return await asyncio.to_thread(TransformRevision(self._options, self._transform).read, noted)

    @property
    def _control(self) -> "SageMakerClient":
        return sagemaker_client(CONFIG, region=self._options.region, role=self._options.role)


def open_transform_jobs(options: Mapping[str, JsonValue], features: Sequence[str]) -> TransformJobs:
    """Those of a version with these options; nothing is called yet. InvalidInput: they name no model."""
    parsed = Options.model_validate(options)
    if parsed.transform is None:
        raise InvalidInput(
            "The version was registered without the option transform, which names the SageMaker model and"
            " the instances for it: register another version."
        )
    return TransformJobs(parsed, parsed.transform, features)


def _job(name: str, found: "DescribeTransformJobResponseTypeDef") -> TransformJob:
    reason, status = found.get("FailureReason", ""), found["TransformJobStatus"]
    if status == "Failed":
        log.warning("transform job failed", name=name, reason=Quoted(reason))
    started, ended = found.get("TransformStartTime"), found.get("TransformEndTime")
    seconds = (ended - started).total_seconds() if started and ended else 0.0
    age = datetime.now(UTC) - found["CreationTime"]  # whose clock differs more, AWS takes no signature of
    return TransformJob(status, _PLACES.sub("...", reason)[:500], seconds, age)


def _refusal(error: CallError, what: str) -> BackendError:
    if error_code(error) == "ResourceNotFound" or says_no_model(error):
        log.warning("transform job refused", target=what, error=Quoted(str(error)))
        return missing(what, "transform.model_name", "there is no such model")
    if detail := REFUSALS.get(error_code(error)):
        log.warning("transform job refused", target=what, error=Quoted(str(error)))
        return BackendRefused(f"{what}: {detail}")
    return translate(error, what)
