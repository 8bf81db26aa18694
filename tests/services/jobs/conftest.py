"""moto's control plane, a real S3 server and a runner in between, for jobs by batch transform."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

import app.aws
from app.core.settings import Settings
from app.local.s3 import S3Server
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.jobs import runtime_with_orders
from tests.support.orders import answer_ten_times
from tests.support.transform import TransformPlatform, moto_server, transform_platform
from tests.support.transform_jobs import TRANSFORM, register


@pytest.fixture(scope="module")
def control_url() -> Iterator[str]:
    """moto's server; the session of boto3 begins with it, since it keeps its first credentials."""
    app.aws.session.cache_clear()
    with moto_server() as url:
        yield url
    app.aws.session.cache_clear()


@pytest.fixture
def platform(
    aws: AwsStub, server: S3Server, control_url: str, monkeypatch: pytest.MonkeyPatch
) -> TransformPlatform:
    """The stub answers the endpoint only, whose model is the one of the transform jobs."""
    aws.respond = answer_ten_times
    platform = transform_platform(monkeypatch, control_url, server)
    platform.deploy("transit-7", "config-1")
    return platform


@pytest.fixture
async def runtime(
    settings: Settings, platform: TransformPlatform, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    """Five orders, so that a job on all of them has chunks of 3 and 2; a live version with a transform."""
    stored = settings.model_copy(update={"storage_url": f"s3://bucket-{uuid4().hex}/models/"})
    async with runtime_with_orders(stored, monkeypatch, 5) as runtime:
        assert runtime.storage is not None
        await runtime.storage.ensure_bucket()
        await register(runtime, "batch", transform=TRANSFORM)
        yield runtime
