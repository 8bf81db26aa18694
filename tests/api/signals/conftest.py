"""A live model and records for what is noted of them."""

import httpx
import pytest

from app.core.settings import Settings
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, register, store


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit", "failure_hold": 0})


@pytest.fixture
async def client(aws: AwsStub, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """With a live model and three records."""
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {"a": 1.5, "b": 2.5, "c": 3.5})
    return client
