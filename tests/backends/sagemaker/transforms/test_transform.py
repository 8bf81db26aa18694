import json
from collections.abc import Mapping

import pytest
from pydantic import JsonValue
from structlog.typing import EventDict

from app.backends.registry import open_backend
from app.backends.sagemaker.transforms.transform import TransformJobs, open_transform_jobs
from app.core.errors import (
    BackendError,
    BackendMissing,
    BackendRefused,
    BackendThrottled,
    BadOutput,
    InvalidInput,
    TooLarge,
)
from app.core.hosts import Hosts
from tests.support.aws_stub import AwsStub, control_error, reply

TRANSFORM: dict[str, JsonValue] = {"model_name": "churn-3", "instance_type": "ml.m5.xlarge"}
JOB = "prediction-job-7-20260101T000000"
FOUND: dict[str, JsonValue] = {
    "TransformJobStatus": "InProgress",
    "TransformJobName": JOB,
    "CreationTime": 1_700_000_000,
}
MAX_PAYLOAD_MB = 6
IDS = ["r1", "r2", "r3"]


def jobs(**options: JsonValue) -> TransformJobs:
    values: dict[str, JsonValue] = {"endpoint_name": "churn", "transform": TRANSFORM}
    return open_transform_jobs(values | options, ["a", "b"])


def asked(aws: AwsStub) -> JsonValue:
    """The arguments of the last call."""
    arguments: JsonValue = json.loads(aws.requests[-1].body)
    return arguments


async def create(one: TransformJobs) -> None:
    await one.create(JOB, source="s3://bucket/in/", target="s3://bucket/out/")


async def test_a_job_is_made_of_the_options(aws: AwsStub) -> None:
    aws.script(reply({"TransformJobArn": "arn"}))
    await create(jobs(content_type="application/jsonlines", transform=TRANSFORM | {"instance_count": 2}))
    assert aws.requests[-1].operation == "CreateTransformJob"
    assert asked(aws) == {
        "TransformJobName": JOB,
        "ModelName": "churn-3",
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": MAX_PAYLOAD_MB,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}},
            "ContentType": "application/jsonlines",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": "s3://bucket/out/",
            "Accept": "application/jsonlines",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
    }


async def test_a_job_that_is_there_is_not_made_again(aws: AwsStub) -> None:
    aws.script(control_error("ResourceInUse"))
    await create(jobs())
    assert [request.operation for request in aws.requests] == ["CreateTransformJob"]


@pytest.mark.parametrize(
    ("code", "expected", "words"),
    [
        ("ResourceNotFound", BackendMissing, "there is no such model."),
        ("ValidationException", BackendRefused, "no such model, or it does not take the options"),
        ("ResourceLimitExceeded", BackendRefused, "quota"),
        ("AccessDeniedException", BackendRefused, "credentials of this service may not do this"),
        ("ThrottlingException", BackendThrottled, "throttles"),
    ],
)
async def test_what_refuses_a_job(aws: AwsStub, code: str, expected: type[BackendError], words: str) -> None:
    aws.script(control_error(code, "secret of arn:aws:iam::123456789012:role/x"))
    with pytest.raises(expected, match=words) as caught:
        await create(jobs())
    assert "churn-3" in caught.value.detail
    assert "secret" not in caught.value.detail


@pytest.mark.parametrize("code", ["ResourceNotFound", "ValidationException"])
async def test_a_job_that_is_not_there(aws: AwsStub, code: str) -> None:
    aws.script(control_error(code))
    assert await jobs().find(JOB) is None
    await jobs().stop(JOB)
    assert {request.operation for request in aws.requests} == {"DescribeTransformJob"}


async def test_who_may_not_look_does_not_take_a_job_for_absent(aws: AwsStub) -> None:
    aws.script(control_error("AccessDeniedException"))
    with pytest.raises(BackendRefused):
        await jobs().find(JOB)


@pytest.mark.parametrize(
    ("status", "ended"),
    [("InProgress", False), ("Stopping", False), ("Completed", True), ("Failed", True), ("Stopped", True)],
)
async def test_how_far_a_job_is(aws: AwsStub, status: str, ended: bool) -> None:
    aws.script(reply(FOUND | {"TransformJobStatus": status}))
    found = await jobs().find(JOB)
    assert found is not None
    assert (found.status, found.ended, found.seconds) == (status, ended, 0)


async def test_how_long_a_job_took(aws: AwsStub) -> None:
    times: dict[str, JsonValue] = {"TransformStartTime": 1_700_000_000.5, "TransformEndTime": 1_700_000_065}
    aws.script(reply(FOUND | times))
    found = await jobs().find(JOB)
    assert found is not None
    assert found.seconds == 64.5


async def test_why_a_job_failed_is_said_without_places(aws: AwsStub, logs: list[EventDict]) -> None:
    reason = "ClientError: arn:aws:iam::123456789012:role/x may not read s3://bucket/in, of 123456789012"
    aws.script(reply(FOUND | {"TransformJobStatus": "Failed", "FailureReason": reason}))
    found = await jobs().find(JOB)
    assert found is not None
    assert found.reason == "ClientError: ... may not read ..., of ..."
    assert [entry["reason"] for entry in logs] == [reason]


async def test_only_a_job_that_runs_is_stopped(aws: AwsStub) -> None:
    for status, calls in (("Completed", 1), ("Stopping", 1), ("InProgress", 2)):
        aws.requests.clear()
        aws.script(reply(FOUND | {"TransformJobStatus": status}))
        await jobs().stop(JOB)
        assert len(aws.requests) == calls
    assert aws.requests[-1].operation == "StopTransformJob"


async def test_a_job_that_ends_before_it_is_stopped(aws: AwsStub) -> None:
    aws.script(reply(FOUND), control_error("ValidationException"))
    await jobs().stop(JOB)
    aws.script(reply(FOUND), control_error("AccessDeniedException"))
    with pytest.raises(BackendRefused):
        await jobs().stop(JOB)


@pytest.mark.parametrize(
    ("options", "line"),
    [({}, b"1,x"), ({"content_type": "application/jsonlines"}, b'[1,"x"]')],
)
def test_a_row_is_a_line(options: Mapping[str, JsonValue], line: bytes) -> None:
    assert jobs(**options).line([1, "x"], "r1") == line


@pytest.mark.parametrize("text", ["a\nb", "a\rb"])
def test_a_row_with_a_line_break_is_no_line_of_csv(text: str) -> None:
    with pytest.raises(InvalidInput, match="line break"):
        jobs().line([1, text], "r1")
    assert b"\n" not in jobs(content_type="application/jsonlines").line([1, text], "r1")


def test_a_row_that_no_request_can_carry() -> None:
    room = MAX_PAYLOAD_MB * 2**20 - len("1,\n")
    assert jobs().line([1, "x" * room], "r1")
    with pytest.raises(TooLarge, match="takes 6 MB"):
        jobs().line([1, "x" * (room + 1)], "r1")


def test_empty_lines_between_answers_are_no_outputs() -> None:
    assert jobs().outputs(b"1.5\n2\n\n3\n\n", IDS) == [1.5, 2, 3]
    assert jobs(content_type="application/jsonlines").outputs(b'{"a":1}\n\n[2]\n', IDS[:2]) == [{"a": 1}, [2]]


@pytest.mark.parametrize("content", [b"", b"1\n2\n", b"1\n2\n3\n4\n", b"\xff\n1\n2\n"])
def test_outputs_that_are_not_one_a_row(content: bytes) -> None:
    with pytest.raises(BadOutput):
        jobs().outputs(content, IDS)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"content_type": "application/json"}, "options"),
        ({"accept": "application/json"}, "options"),
        ({"transform": {"model_name": "churn-3"}}, "options.transform.instance_type"),
        ({"transform": TRANSFORM | {"model_name": "no/name"}}, "options.transform.model_name"),
        ({"transform": TRANSFORM | {"instance_type": "m5.large"}}, "options.transform.instance_type"),
        ({"transform": TRANSFORM | {"instance_count": 0}}, "options.transform.instance_count"),
        ({"transform": TRANSFORM | {"role": "arn"}}, "options.transform.role"),
    ],
)
def test_options_that_fit_no_job_are_refused_when_a_version_is_registered(
    changes: Mapping[str, JsonValue], field: str
) -> None:
    options: dict[str, JsonValue] = {"endpoint_name": "churn", "transform": TRANSFORM}
    with pytest.raises(InvalidInput) as caught:
        open_backend("sagemaker", options | dict(changes), ["a"], concurrency=1, hosts=Hosts())
    assert [error.field for error in caught.value.errors] == [field]


def test_a_version_without_the_option() -> None:
    with pytest.raises(InvalidInput, match="without the option transform"):
        jobs(transform=None)
