"""With a memory: what a process has changed itself it answers at once, not when it is told."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from app.services.predictions.memory import Memory
from tests.support.app import client_of, running_app
from tests.support.aws_stub import AwsStub
from tests.support.eventually import until
from tests.support.orders import answer_ten_times, order, register, store


@pytest.fixture
async def app(settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    """Its memory is deaf to what the database tells."""
    aws.respond = answer_ten_times
    monkeypatch.setattr(Memory, "heard", lambda *_: None)
    chosen = settings.model_copy(update={"memory_records": 10, "memory_seconds": 3600})
    async with running_app(chosen) as app:
        await until(lambda: app.state.runtime.predictor.memory._listens)
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Version 1 is live, 2 is not, and record `a` is in memory as 15."""
    async with client_of(app) as client:
        await register(client)
        await register(client, version="2", options={"endpoint_name": "second"}, promote=False)
        await store(client, {"a": 1.5})
        for _ in range(3):
            said = await predicted(client)
        assert said == (200, "1", 15.0)
        memory: Memory = app.state.runtime.predictor.memory
        assert memory.get("a", "transit", None, None) is not None
        yield client


async def predicted(client: httpx.AsyncClient) -> tuple[int, object, object]:
    response = await client.post("/predict/a?model=transit")
    return response.status_code, response.json().get("version"), response.json().get("prediction")


async def put(client: httpx.AsyncClient) -> None:
    await client.put("/records/a", json=order(4.0))


async def post(client: httpx.AsyncClient) -> None:
    await client.post("/records", json={"id": "a", "input": order(4.0)})


async def post_many(client: httpx.AsyncClient) -> None:
    await store(client, {"a": 4.0})


async def import_(client: httpx.AsyncClient) -> None:
    line = httpx.Request("POST", "http://x", json={"id": "a", "input": order(4.0)}).content
    headers = {"Content-Type": "application/x-ndjson"}
    assert (await client.post("/records/import", content=line, headers=headers)).status_code == 200


@pytest.mark.parametrize("write", [put, post, post_many, import_])
async def test_a_write(
    client: httpx.AsyncClient, write: Callable[[httpx.AsyncClient], Awaitable[None]]
) -> None:
    await write(client)
    assert await predicted(client) == (200, "1", 40.0)


async def test_a_deletion(client: httpx.AsyncClient) -> None:
    await client.delete("/records/a")
    assert (await predicted(client))[0] == 404


async def test_a_promotion_and_a_roll_back(client: httpx.AsyncClient) -> None:
    assert (await client.post("/models/transit/promote", json={"version": "2"})).status_code == 200
    assert (await predicted(client))[1] == "2"
    assert (await predicted(client))[1] == "2"
    assert (await client.post("/models/transit/rollback")).status_code == 200
    assert (await predicted(client))[1] == "1"


async def test_a_registration_that_promotes(client: httpx.AsyncClient) -> None:
    await register(client, version="3", options={"endpoint_name": "third"})
    assert (await predicted(client))[1] == "3"


async def test_a_refresh(client: httpx.AsyncClient, aws: AwsStub) -> None:
    before = (await client.post("/predict/a?model=transit")).headers["etag"]
    fresh = (await client.post("/predict/a?model=transit&refresh=true")).headers["etag"]
    again = (await client.post("/predict/a?model=transit")).headers["etag"]
    assert before != fresh == again
