"""Predictions that are answered later: 202, and an operation that a worker does."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from tests.support.aws_stub import AwsStub, model_error
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


async def test_who_waits_a_while_may_get_the_answer_itself(
    client: httpx.AsyncClient, aws: AwsStub, worker: None
) -> None:
    answer = await client.post("/predict/a", headers={"Prefer": "respond-async, wait=60"})
    assert (answer.status_code, answer.json()["prediction"]) == (200, 15.0)
    assert answer.headers["Preference-Applied"] == "wait=60"


async def test_nobody_is_there_to_compute_it(client: httpx.AsyncClient, aws: AwsStub) -> None:
    accepted = await client.post("/predict/a", headers={"Prefer": "wait=1, respond-async"})
    assert (accepted.status_code, accepted.headers["Preference-Applied"]) == (202, "respond-async, wait=1")
    found = await client.get(accepted.headers["Location"])
    assert (found.json()["state"], found.json()["prediction"]) == ("queued", None)
    body = {"record_ids": ["a", "b", "none"], "refresh": True}
    batch = await client.post("/predict", json=body, headers=LATER)
    assert [item["status"] for item in batch.json()["items"]] == [202, 202, 404]
    assert batch.json()["items"][0]["location"] == accepted.headers["Location"]
    assert invocations(aws) == []


async def test_a_version_may_answer_so_by_itself(
    client: httpx.AsyncClient, aws: AwsStub, worker: None
) -> None:
    options: JsonValue = {"endpoint_name": "transit", "respond_async": True}
    await register(client, "2", options=options, probe=False)
    accepted = await client.post("/predict/b")
    assert (accepted.status_code, "Preference-Applied" in accepted.headers) == (202, False)
    done = (await ended(client, accepted.headers["Location"])).json()
    assert (done["version"], done["prediction"]["prediction"]) == ("2", 25.0)
    waited = await client.post("/predict/a", headers={"Prefer": "wait=60"})
    assert (waited.status_code, waited.headers["Preference-Applied"]) == (200, "wait=60")
    assert len(invocations(aws)) == 2


async def test_a_failure_is_told_as_to_who_waited(
    client: httpx.AsyncClient, aws: AwsStub, worker: None
) -> None:
    aws.respond = lambda request: model_error(400)
    accepted = await client.post("/predict/a", headers=LATER)
    failed = (await ended(client, accepted.headers["Location"])).json()
    waited = (await client.post("/predict/a")).json()
    assert (failed["state"], failed["problem"]["detail"]) == ("failed", waited["detail"])


async def test_there_is_no_other_operation(client: httpx.AsyncClient) -> None:
    assert (await client.get("/operations/1")).status_code == 404
    assert (await client.get("/operations/x")).status_code == 422
