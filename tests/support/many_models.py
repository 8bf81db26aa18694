"""A bucket on a real S3 server, and a multi-model endpoint that serves what is in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

import app.aws
from app.core.settings import Settings
from app.local.endpoint.app import create_app
from app.local.endpoint.config import Endpoint, EndpointConfig
from app.local.s3 import S3Server
from tests.support.server import serving
from tests.support.settings import database_variables

Put = Callable[..., None]


@pytest.fixture
def bucket(server: S3Server, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket that this process's environment leads to, as it does to the database."""
    for name, value in {**server.environment, **database_variables(settings)}.items():
        monkeypatch.setenv(name, value)
    app.aws.session.cache_clear()
    name = f"models-{uuid4().hex}"
    boto3.Session().client("s3").create_bucket(Bucket=name)
    yield name
    app.aws.session.cache_clear()


@pytest.fixture
def put(bucket: str) -> Put:
    """Writes objects of no particular content."""
    client = boto3.Session().client("s3")

    def put(*keys: str) -> None:
        for key in keys:
            client.put_object(Bucket=bucket, Key=key, Body=key.encode())

    return put


@pytest.fixture
def endpoint(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The endpoint ``many``, whose models lie below ``team a/``, and ``one``, which is no multi-model one."""
    served = (
        Endpoint("many", f"s3://{bucket}/team a"),
        Endpoint("one", f"s3://{bucket}/team a/a/1.tar.gz", multi_model=False),
    )
    with serving(create_app(EndpointConfig(served, tmp_path / "cache"))) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", address)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", address)
        yield
