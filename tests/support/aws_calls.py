"""What the project's own calls of AWS need of IAM, noted as they are made: by boto3, or signed for aiohttp.

``NEEDS`` has a line for each operation. A call of one that has none, or that no policy of deploy/iam allows
on a resource of its kind, fails the test that makes it: say there what it needs (AWS's service authorization
reference tells), put that into a policy, and let tests/deploy/test_least.py make the call.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from unittest.mock import patch

import pytest
from botocore.client import BaseClient

from tests.support.policies import Need, names, statements

ROOT = Path(__file__).parents[2]
APP, LAPTOP, TESTS = f"{ROOT / 'app'}/", f"{ROOT / 'app' / 'local'}/", f"{ROOT / 'tests'}/"

Parameters = Mapping[str, object]
Needs = Callable[[str, str, Parameters], Iterator[Need]]
"""Of an operation, the region and what it is called with."""
ACCOUNT = "123456789012"


def _sagemaker(kind: str, parameter: str) -> Needs:
    """A need of a thing of SageMaker's, in whose ARN the name has small letters only."""

    def needs(operation: str, region: str, said: Parameters) -> Iterator[Need]:
        name = str(said[parameter]).lower()
        yield Need(f"sagemaker:{operation}", f"arn:aws:sagemaker:{region}:{ACCOUNT}:{kind}/{name}")

    return needs


def _invocation(operation: str, region: str, said: Parameters) -> Iterator[Need]:
    yield from _sagemaker("endpoint", "EndpointName")(operation, region, said)
    if "InferenceComponentName" in said:
        yield from _sagemaker("inference-component", "InferenceComponentName")(operation, region, said)


def _transform(operation: str, region: str, said: Parameters) -> Iterator[Need]:
    job = _sagemaker("transform-job", "TransformJobName")
    yield from job(operation, region, said)
    if said.get("Tags"):
        yield from job("AddTags", region, said)
    resources = said["TransformResources"]
    if isinstance(resources, Mapping) and (key := resources.get("VolumeKmsKeyId")):
        yield Need("kms:CreateGrant", str(key), {"kms:GrantIsForAWSResource": "true"})


def _object(action: str) -> Needs:
    def needs(operation: str, region: str, said: Parameters) -> Iterator[Need]:
        yield Need(f"s3:{action}", f"arn:aws:s3:::{said['Bucket']}/{said['Key']}")

    return needs


def _bucket(action: str) -> Needs:
    def needs(operation: str, region: str, said: Parameters) -> Iterator[Need]:
        context = {"s3:prefix": str(said["Prefix"])} if "Prefix" in said else {}
        yield Need(f"s3:{action}", f"arn:aws:s3:::{said['Bucket']}", context)

    return needs


def _role(operation: str, region: str, said: Parameters) -> Iterator[Need]:
    yield Need("sts:AssumeRole", str(said["RoleArn"]))


NEEDS: dict[str, Needs] = {
    "InvokeEndpoint": _invocation,
    "InvokeEndpointAsync": _invocation,
    "DescribeEndpoint": _sagemaker("endpoint", "EndpointName"),
    "DescribeEndpointConfig": _sagemaker("endpoint-config", "EndpointConfigName"),
    "DescribeModel": _sagemaker("model", "ModelName"),
    "DescribeInferenceComponent": _sagemaker("inference-component", "InferenceComponentName"),
    "CreateTransformJob": _transform,
    "DescribeTransformJob": _sagemaker("transform-job", "TransformJobName"),
    "StopTransformJob": _sagemaker("transform-job", "TransformJobName"),
    "GetObject": _object("GetObject"),
    "HeadObject": _object("GetObject"),
    "PutObject": _object("PutObject"),
    "DeleteObject": _object("DeleteObject"),
    "ListObjectsV2": _bucket("ListBucket"),
    "HeadBucket": _bucket("ListBucket"),
    "CreateBucket": _bucket("CreateBucket"),
    "AssumeRole": _role,
}
"""By the operation: whose names are unique over the services that we call."""


@cache
def is_allowed_somewhere(need: Need) -> bool:
    """Whether a policy allows it, whatever words are put in."""
    return any(one.allows(need) for name in names() for one in statements(name))


@dataclass
class AwsCalls:
    """What the calls made meanwhile need; ``faults`` are calls that nobody provided for."""

    needs: list[Need] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def note(self, operation: str, region: str, said: Parameters) -> None:
        if operation not in NEEDS:
            self.faults.append(f"{operation}: tests/support/aws_calls.py does not say what it needs")
            return
        for need in NEEDS[operation](operation, region, said):
            self.needs.append(need)
            if not is_allowed_somewhere(need):
                self.faults.append(f"{need}: no policy of deploy/iam allows it")


CALLS = AwsCalls()
"""Those of this process's test."""

_call = BaseClient._make_api_call  # type: ignore[attr-defined]


def _noting(client: BaseClient, operation: str, said: dict[str, object]) -> object:
    if _is_ours():
        CALLS.note(operation, client.meta.region_name or "", said)
    return _call(client, operation, said)


def _is_ours() -> bool:
    """Whether it is the service that calls boto3, and not a test, or what stands in on a laptop. Of a thread
    that begins with the call nothing is known; it is the service's, too."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith((APP, TESTS)):
            return not name.startswith((LAPTOP, TESTS))
        frame = frame.f_back
    return True


@pytest.fixture(autouse=True)
def aws_calls() -> Iterator[AwsCalls]:
    """What the test's calls need. One that nobody provided for fails it."""
    CALLS.needs, CALLS.faults = [], []
    with patch.object(BaseClient, "_make_api_call", _noting):
        yield CALLS
    assert CALLS.faults == []
