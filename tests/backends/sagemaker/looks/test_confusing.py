"""Answers of the control plane and of S3 that are none of AWS's are the platform's fault."""

import json
import random
from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from app.backends.base import Deployed
from app.backends.sagemaker.transforms.transform import open_transform_jobs
from app.core.errors import BackendDown, BackendError
from tests.backends.sagemaker.account import MULTI, Account, Opener
from tests.backends.sagemaker.calls.test_replies import CONFUSING
from tests.support.aws_stub import Answer, Request, reply

OPERATIONS = ("DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel", "DescribeInferenceComponent")
ODD: tuple[JsonValue, ...] = (None, 1, -1.5, "x", [], [1], {}, {"a": 1}, True)
NO_OBJECTS = [body for body in CONFUSING if not body.startswith(b"{")]
COMPONENT: JsonValue = {
    "InferenceComponentStatus": "InService",
    "VariantName": "all",
    "LastModifiedTime": 1.7e9,
    "Specification": {
        "Container": {"DeployedImage": {"SpecifiedImage": "i"}, "ArtifactUrl": "s3://bucket/m"}
    },
    "RuntimeConfig": {"DesiredCopyCount": 1, "CurrentCopyCount": 1},
}


async def outcome(opener: Opener, operation: str) -> Deployed | BackendError | None:
    """Of a look that asks this operation too."""
    component = {"inference_component": "tiny"} if operation == "DescribeInferenceComponent" else {}
    try:
        return await opener(**component).look()
    except BackendError as error:
        return error


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_what_is_no_object_is_no_aws_answer(account: Account, opener: Opener, operation: str) -> None:
    account.components["tiny"] = COMPONENT
    for body in NO_OBJECTS:
        account.answers[operation] = Answer(body=body)
        found = await outcome(opener, operation)
        assert isinstance(found, BackendDown), body[:30]
        assert "no AWS answer" in found.detail, body[:30]


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_whatever_a_part_of_an_answer_is_it_is_borne(
    account: Account, opener: Opener, operation: str
) -> None:
    """Parts that are missing or of another type: all in turn, once; here some of them."""
    account.components["tiny"] = COMPONENT
    whole: list[JsonValue] = []
    respond = account.respond

    def keep(request: Request) -> Answer:
        answer = respond(request)
        if request.operation == operation:
            whole.append(json.loads(answer.body))
        return answer

    account.aws.respond = keep
    assert isinstance(await outcome(opener, operation), Deployed)
    account.aws.respond = respond
    broken = [*spoilt(whole[0])]
    random.Random(17).shuffle(broken)
    for answer in broken[:10]:
        account.answers[operation] = reply(answer)
        found = await outcome(opener, operation)
        assert found is None or isinstance(found, Deployed | BackendError), answer


def spoilt(value: JsonValue) -> Iterator[JsonValue]:
    """The value with one of its parts spoilt."""
    yield from ODD
    if isinstance(value, dict):
        for name, part in value.items():
            yield {key: kept for key, kept in value.items() if key != name}
            for other in spoilt(part):
                yield {**value, name: other}
    elif isinstance(value, list):
        for place, part in enumerate(value):
            for other in spoilt(part):
                yield [*value[:place], other, *value[place + 1 :]]


@pytest.mark.parametrize(
    "body",
    [b"1", b"<a/>", b"<ListBucketResult><Name>b</Name><Contents>7</Contents></ListBucketResult>", b"\xff"],
)
async def test_a_listing_that_is_none(account: Account, opener: Opener, body: bytes) -> None:
    account.models["churn-1"] = MULTI
    account.answers["List"] = Answer(body=body)
    backend, others = opener(target_model="1.tar.gz"), [opener(target_model=f"{i}.tar.gz") for i in range(5)]
    for one in (backend, *others):
        try:
            await one.look()
        except BackendError as error:
            assert type(error).status == 502, error  # noqa: PT017 - some are found one by one


@pytest.mark.parametrize(
    "answer", [1, {}, {"TransformJobStatus": 7}, {"TransformJobStatus": "Completed", "TransformEndTime": []}]
)
async def test_a_transform_job_that_is_none(account: Account, answer: JsonValue) -> None:
    account.answers["DescribeTransformJob"] = reply(answer)
    transform: JsonValue = {"model_name": "m", "instance_type": "ml.m5.large"}
    jobs = open_transform_jobs({"endpoint_name": "churn", "transform": transform}, ["a"])
    try:
        assert await jobs.find("prediction-job-1-1") is not None
    except BackendDown as error:
        assert "no AWS answer" in error.detail  # noqa: PT017
