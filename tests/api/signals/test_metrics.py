"""What `/metrics` tells, read by prometheus_client's own parser."""

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read

from app.core.settings import Settings
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, register, store


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit", "failure_hold": 0})


@pytest.fixture
async def client(aws: AwsStub, client: httpx.AsyncClient) -> httpx.AsyncClient:
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {"a": 1.5, "b": 2.5})
    return client


async def test_x(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await client.post("/predict/a")
    found = await client.get("/metrics")
    print(found.text)
    assert found.status_code == 200
    open_ = await client.get(
        "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    )
    print(open_.headers)
    assert list(read(found.text)) and list(read_openmetrics(open_.text))
    assert 0
