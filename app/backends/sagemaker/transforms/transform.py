"""Batch transform jobs of SageMaker: made, followed and stopped; their rows and outputs, line by line.

From AWS's pages on batch transform: an input object ``NAME`` becomes ``NAME.out`` below the output path, its
lines in the order of the rows. Where a row fails there is none for its object. The other objects go on, and
the job ends as Failed.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import structlog
from pydantic import JsonValue

from app.aws import CALL_ERRORS, CallError, call_config, error_code, sagemaker_client, understood
from app.backends.base import missing
from app.backends.sagemaker.errors import translate
from app.backends.sagemaker.options import Options, Transform
from app.backends.sagemaker.refusals import says_no_model
from app.backends.sagemaker.transforms.transform_revision import TransformRevision
from app.backends.wire.formats import RequestFormat
from app.backends.wire.replies import Output, decode
from app.core.errors import BackendError, BackendRefused, InvalidInput, TooLarge
from app.core.logging.quoting import Quoted
from app.schemas.rows import Row

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import TransformInstanceTypeType
    from mypy_boto3_sagemaker.type_defs import (
        CreateTransformJobRequestTypeDef,
        DescribeTransformJobResponseTypeDef,
    )

log = structlog.get_logger(__name__)

MAX_PAYLOAD_MB = 6
"""AWS's default of MaxPayloadInMB: the most that one request to the model carries, and so one row."""
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
    """A job as SageMaker sees it. ``reason`` is why it failed; ``seconds`` is how long it ran."""

    status: Status
    reason: str
    seconds: float

    @property
    def ended(self) -> bool:
        return self.status not in ("InProgress", "Stopping")


class TransformJobs:
    """The transform jobs of one model version. What calls SageMaker raises BackendError."""

    def __init__(self, options: Options, transform: Transform, features: Sequence[str]) -> None:
        self._options, self._transform = options, transform
        self._format = RequestFormat(options.content_type, features)
        self._accept = options.accept or options.content_type
        self.suffix = "csv" if options.content_type == "text/csv" else "jsonl"

    def line(self, row: Row) -> bytes:
        """The row's line, without its end. InvalidInput or TooLarge say why there can be none."""
        line = self._format.row(row)
        if b"\n" in line or b"\r" in line:  # within quotes, too
            raise InvalidInput("The row has a line break, at which batch transform would split it.")
        if len(line) >= MAX_PAYLOAD_MB * 2**20:
            raise TooLarge(f"The row takes {len(line)} bytes; batch transform takes {MAX_PAYLOAD_MB} MB.")
        return line

    def outputs(self, content: bytes, expected: int) -> list[Output]:
        """One output per row of an output object. BadOutput where they are not ``expected`` in number.

        Empty lines do not count: there is one where an answer that ended with a line feed met the next.
        """
        lines = [line for line in content.splitlines() if line.strip()]
        return decode(b"\n".join(lines), self._accept, expected)

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
        request = self._request(name, source, target)
        try:
            await asyncio.to_thread(self._control.create_transform_job, **request)
        except CALL_ERRORS as error:
            if error_code(error) != "ResourceInUse":
                raise _refusal(error, f"SageMaker model {self._transform.model_name!r}") from error

    def _request(self, name: str, source: str, target: str) -> "CreateTransformJobRequestTypeDef":
        wanted = self._transform
        return {
            "TransformJobName": name,
            "ModelName": wanted.model_name,
            "BatchStrategy": "MultiRecord",
            "MaxPayloadInMB": MAX_PAYLOAD_MB,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}},
                "ContentType": self._options.content_type,
                "SplitType": "Line",
            },
            "TransformOutput": {"S3OutputPath": target, "Accept": self._accept, "AssembleWith": "Line"},
            "TransformResources": {
                # The stubs list the types of their day; AWS adds to them.
                "InstanceType": cast("TransformInstanceTypeType", wanted.instance_type),
                "InstanceCount": wanted.instance_count,
            },
        }

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
    return TransformJob(status, _PLACES.sub("...", reason)[:500], seconds)


def _refusal(error: CallError, what: str) -> BackendError:
    if error_code(error) == "ResourceNotFound" or says_no_model(error):
        log.warning("transform job refused", target=what, error=Quoted(str(error)))
        return missing(what, "transform.model_name", "there is no such model")
    if detail := REFUSALS.get(error_code(error)):
        log.warning("transform job refused", target=what, error=Quoted(str(error)))
        return BackendRefused(f"{what}: {detail}")
    return translate(error, what)
