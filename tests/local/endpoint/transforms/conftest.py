"""The local endpoint, a real S3 server, and plain boto3."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest

from app.aws import session
from app.local.s3 import S3Server
from tests.support.aws import Serve
from tests.support.deploying import DeployingAccount
from tests.support.eventually import until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker.type_defs import (
        CreateTransformJobRequestTypeDef,
        DescribeTransformJobResponseTypeDef,
    )

TEN_TIMES = """
    def model_fn(model_dir):
        return None

    def input_fn(body, content_type):
        return [[float(cell) for cell in line.split(",")] for line in body.splitlines()]

    def predict_fn(rows, model):
        assert all(row[0] < 100 for row in rows)
        return [[10 * row[0], len(rows)] for row in rows]

    def output_fn(rows, accept):
        return "\\n".join(",".join(map(str, row)) for row in rows) + "\\n", accept
"""
"""Takes rows of one number; answers ten times that, and how many were in the request."""


class Batches:
    """Transform jobs of the model ``ten`` on the objects of a bucket."""

    def __init__(self, account: DeployingAccount, s3: "S3Client", bucket: str) -> None:
        self.control, self.s3, self.bucket = account.control, s3, bucket
        account.model("ten", TEN_TIMES)

    def request(self, name: str, **more: object) -> "CreateTransformJobRequestTypeDef":
        request: CreateTransformJobRequestTypeDef = {
            "TransformJobName": name,
            "ModelName": "ten",
            "TransformInput": {
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/in/"}
                },
                "ContentType": "text/csv",
                "SplitType": "Line",
            },
            "TransformOutput": {
                "S3OutputPath": f"s3://{self.bucket}/out/",
                "Accept": "text/csv",
                "AssembleWith": "Line",
            },
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        request.update(more)  # type: ignore[typeddict-item]
        return request

    def put(self, **objects: str) -> None:
        for name, text in objects.items():
            self.s3.put_object(Bucket=self.bucket, Key=f"in/{name}", Body=text.encode())

    async def run(self, name: str = "job", **more: object) -> "DescribeTransformJobResponseTypeDef":
        """The job once it has ended."""
        self.control.create_transform_job(**self.request(name, **more))
        return await self.ended(name)

    async def ended(self, name: str) -> "DescribeTransformJobResponseTypeDef":
        await until(lambda: self.describe(name)["TransformJobStatus"] not in ("InProgress", "Stopping"))
        return self.describe(name)

    def describe(self, name: str) -> "DescribeTransformJobResponseTypeDef":
        return self.control.describe_transform_job(TransformJobName=name)

    def outputs(self) -> Mapping[str, list[str]]:
        """Lines by the names of the objects."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="out/").get("Contents", [])
        return {entry["Key"].removeprefix("out/"): self._lines(entry["Key"]) for entry in found}

    def _lines(self, key: str) -> list[str]:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode().splitlines()


@pytest.fixture
def batches(
    s3: S3Server, artifacts: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Batches]:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    session.cache_clear()
    client, bucket = boto3.Session().client("s3"), f"batches-{uuid4().hex}"
    client.create_bucket(Bucket=bucket)
    yield Batches(DeployingAccount(serve(), artifacts), client, bucket)
    session.cache_clear()
