"""More misses than may wait for the model: refused at once, and nothing else is."""

import asyncio
import threading
from collections.abc import AsyncIterator

import httpx
import pytest

from app.core.settings import Settings
from tests.support.aws_stub import Answer, AwsStub, Request
from tests.support.eventually import until
from tests.support.orders import answer_ten_times, invocations, register, statuses, store


@pytest.fixture
def settings(settings: Settings) -> Settings:
    changes = {"default_model": "transit", "inference_concurrency": 1, "inference_queue": 1}
    return settings.model_copy(update=changes)


@pytest.fixture
async def gate(client: httpx.AsyncClient, aws: AwsStub) -> AsyncIterator[threading.Event]:
    """Opens the model, which a record `hit` has been through, and none of `a`, `b` and `c`."""
    gate = threading.Event()
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {"hit": 0.5, "a": 1.5, "b": 2.5, "c": 3.5})
    await client.post("/predict/hit")

    def respond(request: Request) -> Answer:
        answer = answer_ten_times(request)
        return Answer(answer.status, answer.body, answer.headers, wait=gate)

    aws.respond = respond
    yield gate
    gate.set()


async def test_what_does_not_fit_is_refused_and_nothing_else(
    client: httpx.AsyncClient, aws: AwsStub, gate: threading.Event
) -> None:
    waiting = [asyncio.create_task(client.post(f"/predict/{name}")) for name in "ab"]
    await until(lambda: len(invocations(aws)) == 2)
    refused = await client.post("/predict/c")
    assert (refused.status_code, refused.json()["title"]) == (503, "Too many predictions at once")
    assert refused.headers["Retry-After"] == "1"
    batch = await client.post("/predict", json={"record_ids": ["c", "hit"]})
    assert statuses(batch.json()["items"]) == [503, 200]
    for method, path in (("POST", "/predict/hit"), ("GET", "/health/live"), ("GET", "/records/c")):
        assert (await client.request(method, path)).status_code == 200
    joins = asyncio.create_task(client.post("/predict/a"))
    gate.set()
    answers = await asyncio.gather(*waiting, joins)
    assert [answer.json()["prediction"] for answer in answers] == [15.0, 25.0, 15.0]
    assert (await client.post("/predict/c")).json()["prediction"] == 35.0


async def test_a_refused_batch_names_no_more_than_what_is_refused(
    client: httpx.AsyncClient, aws: AwsStub, gate: threading.Event
) -> None:
    waiting = [asyncio.create_task(client.post(f"/predict/{name}")) for name in "ab"]
    await until(lambda: len(invocations(aws)) == 2)
    batch = asyncio.create_task(client.post("/predict", json={"record_ids": ["b", "c"]}))
    refused = await client.post("/predict/c")
    assert refused.status_code == 503
    gate.set()
    assert statuses((await batch).json()["items"]) == [200, 503]
    await asyncio.gather(*waiting)


async def test_rows_that_go_together_count_as_the_calls_they_make(
    client: httpx.AsyncClient, aws: AwsStub, gate: threading.Event
) -> None:
    await register(
        client, "2", options={"endpoint_name": "transit", "batch_delay_ms": 1, "batch_rows": 2}, probe=False
    )
    calls = [asyncio.create_task(client.post(f"/predict/{name}")) for name in ("hit", "a", "b", "c")]
    await until(lambda: len(invocations(aws)) > 1)
    gate.set()
    assert [answer.status_code for answer in await asyncio.gather(*calls)] == [200] * 4
