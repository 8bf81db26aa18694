"""An asynchronous endpoint on this machine, whose answers go to the tests' S3 server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.client import BaseClient
from starlette.applications import Starlette

import app.aws
from app.local.endpoint.app import create_app
from app.local.endpoint.asynchronous.invocations import AsyncRuntime
from app.local.endpoint.config import AsyncConfig, Endpoint, EndpointConfig
from app.local.s3 import S3Server
from tests.support.artifacts import write_artifact
from tests.support.aws import connect
from tests.support.server import serving

TEN_TIMES = """
    def model_fn(model_dir):
        return 10

    def input_fn(body, content_type):
        return [[float(cell) for cell in line.split(",")] for line in body.splitlines()]

    def predict_fn(rows, model):
        if any(row[0] < 0 for row in rows):
            raise ValueError("a secret of row " + str(rows))
        return [model * row[0] for row in rows]

    def output_fn(prediction, accept):
        return "\\n".join(map(str, prediction)), "text/csv"
"""
"""Ten times the first feature; a negative one it fails on."""


@dataclass(frozen=True)
class AsyncEndpoint:
    """The endpoint ``later`` and its bucket."""

    url: str
    bucket: str
    s3: BaseClient
    app: Starlette

    @property
    def taken(self) -> int:
        """Invocations so far."""
        later: AsyncRuntime = self.app.state.asynchronous
        return later.taken

    def written(self, prefix: str) -> list[str]:
        """Keys in the bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [str(one["Key"]) for page in pages for one in page.get("Contents", [])]


def aws_variables(server: S3Server) -> dict[str, str]:
    """In which boto3 finds the server, and nothing of the developer's."""
    nowhere = str(Path(os.devnull) / "none")
    return {
        **server.environment,
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def async_endpoint(
    server: S3Server,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    delay: float = 0.0,
    concurrency: int = 4,
    failures: bool = True,
    model: str = TEN_TIMES,
) -> Iterator[AsyncEndpoint]:
    """It is found by the environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in aws_variables(server).items():
        monkeypatch.setenv(name, value)
    app.aws.session.cache_clear()
    bucket = f"later-{uuid4().hex}"
    s3 = connect("s3", endpoint_url=server.endpoint_url, **_keys(server))
    s3.create_bucket(Bucket=bucket)
    failure = f"s3://{bucket}/failures" if failures else ""
    chosen = AsyncConfig(f"s3://{bucket}/out", failure, delay, concurrency)
    artifact = write_artifact(folder / "later.tar.gz", model)
    endpoint = Endpoint("later", str(artifact), multi_model=False, asynchronous=chosen)
    served = create_app(EndpointConfig((endpoint,), folder / "cache"))
    with serving(served) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", url)
        yield AsyncEndpoint(url, bucket, s3, served)
    app.aws.session.cache_clear()


def _keys(server: S3Server) -> dict[str, str]:
    return {"aws_access_key_id": server.access_key, "aws_secret_access_key": server.secret_key}
