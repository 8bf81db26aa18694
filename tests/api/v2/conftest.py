"""A live model and records that can be asked for."""

import httpx
import pytest

from app.core.settings import Settings
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, register, store


@pytest.fixture
def aws(aws: AwsStub) -> AwsStub:
    aws.respond = answer_ten_times
    return aws


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"failure_hold": 0})


@pytest.fixture
async def served(aws: AwsStub, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The client, with the live model `transit` and the records `a`, `b` and `ü/1`."""
    await register(client)
    await store(client, {"a": 1.5, "b": 2.5, "ü/1": 3.5})
    return client
