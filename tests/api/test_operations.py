"""Predictions that are answered later: 202, and an operation that a worker does."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.core.settings import Settings
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT
from tests.support.operations import quick
from tests.support.orders import answer_ten_times, invocations, register, store
from tests.support.workers import working


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit"})


@pytest.fixture
async def client(client: httpx.AsyncClient, aws: AwsStub) -> httpx.AsyncClient:
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {"a": 1.5, "b": 2.5})
    return client


@pytest.fixture
async def worker(settings: Settings) -> AsyncIterator[None]:
    with quick():
        async with working(settings):
            yield


async def ended(client: httpx.AsyncClient, location: str) -> httpx.Response:
    """The operation, once it has."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            found = await client.get(location)
            assert found.status_code == 200, found.text
            if found.json()["state"] in ("done", "failed"):
                return found
            assert int(found.headers["Retry-After"]) >= 1
            await asyncio.sleep(0.05)


LATER = {"Prefer": "respond-async"}


async def test_who_prefers_so_is_told_where_the_answer_will_be(
    client: httpx.AsyncClient, aws: AwsStub, worker: None
) -> None:
    accepted = await client.post("/predict/a", headers=LATER)
    assert (accepted.status_code, accepted.headers["Preference-Applied"]) == (202, "respond-async")
    assert accepted.headers["Retry-After"] == "1"
    location = accepted.headers["Location"]
    assert accepted.json()["location"] == location
    done = (await ended(client, location)).json()
    assert (done["state"], done["prediction"]["prediction"], done["problem"]) == ("done", 15.0, None)
    hit = await client.post("/predict/a", headers=LATER)
    assert (hit.status_code, hit.headers["X-Cache"]) == (200, "HIT")
    assert "Preference-Applied" not in hit.headers
    assert len(invocations(aws)) == 1
