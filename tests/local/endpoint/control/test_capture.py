"""Data capture: what was asked and answered, on S3, with the caller's own id."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest

from app.aws import session
from app.local.s3 import S3Server
from tests.support.aws import Serve
from tests.support.deploying import DeployingAccount, on_instances

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker.type_defs import DataCaptureConfigTypeDef

BODY = "[[1]]"


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> "tuple[S3Client, str]":
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    session.cache_clear()
    name = f"captured-{uuid4().hex}"
    client = boto3.Session().client("s3")
    client.create_bucket(Bucket=name)
    return client, name


def lines(client: "S3Client", bucket: str) -> list[tuple[str, dict[str, object]]]:
    """Keys and what is in them."""
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return [(key, json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in keys]


async def capturing(
    account: DeployingAccount, bucket: str, percentage: int = 100, json_types: Sequence[str] = ()
) -> None:
    capture: DataCaptureConfigTypeDef = {
        "EnableCapture": True,
        "InitialSamplingPercentage": percentage,
        "DestinationS3Uri": f"s3://{bucket}/some/prefix",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    if json_types:
        capture["CaptureContentTypeHeader"] = {"JsonContentTypes": json_types}
    account.control.create_endpoint_config(
        EndpointConfigName="config",
        ProductionVariants=[on_instances(account.model("m"))],
        DataCaptureConfig=capture,
    )
    await account.endpoint("churn", "config")


async def test_a_call_is_captured_with_its_id(
    artifacts: Path, serve: Serve, bucket: "tuple[S3Client, str]"
) -> None:
    account = DeployingAccount(serve(), artifacts)
    await capturing(account, bucket[1], json_types=["application/json"])
    account.answers("churn", 1, InferenceId="prediction-7", CustomAttributes="a=b")
    ((key, line),) = lines(*bucket)
    assert key.startswith("some/prefix/churn/all/2")
    assert key.endswith(".jsonl")
    about = line["eventMetadata"]
    assert isinstance(about, dict)
    assert (about["inferenceId"], about["customAttributes"]) == ("prediction-7", ["a=b"])
    data = line["captureData"]
    assert isinstance(data, dict)
    assert data["endpointInput"] == {
        "observedContentType": "application/json",
        "mode": "INPUT",
        "data": BODY,
        "encoding": "JSON",
    }
    assert json.loads(data["endpointOutput"]["data"]) == [{"by": "m", "x": 1}]


async def test_a_part_of_the_calls_is_captured_and_what_has_no_type_as_base64(
    artifacts: Path, serve: Serve, bucket: "tuple[S3Client, str]"
) -> None:
    account = DeployingAccount(serve(), artifacts)
    await capturing(account, bucket[1], percentage=50)
    account.answers("churn", 4)
    found = lines(*bucket)
    assert len(found) == 2
    data = found[0][1]["captureData"]
    assert isinstance(data, dict)
    assert data["endpointInput"]["encoding"] == "BASE64"


async def test_a_bucket_that_is_away_fails_no_call(
    artifacts: Path, serve: Serve, bucket: "tuple[S3Client, str]"
) -> None:
    account = DeployingAccount(serve(), artifacts)
    await capturing(account, "no")  # which is no name of a bucket
    assert len(account.answers("churn", 1)) == 1
    summary = account.describe("churn")["DataCaptureConfig"]
    assert (summary["CaptureStatus"], summary["CurrentSamplingPercentage"]) == ("Started", 100)
