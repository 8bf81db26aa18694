"""Predictions of an asynchronous endpoint, from the request to the bucket and back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from app.local.s3 import S3Server
from tests.api.test_operations import LATER, ended
from tests.support.app import client_of, running_app
from tests.support.async_endpoint import AsyncEndpoint, async_endpoint
from tests.support.operations import quick
from tests.support.orders import register, statuses, store
from tests.support.workers import working

OPTIONS: JsonValue = {"endpoint_name": "later", "asynchronous": {}}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit"})


@pytest.fixture
def later(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsyncEndpoint]:
    with async_endpoint(server, tmp_path, monkeypatch) as endpoint:
        yield endpoint


@pytest.fixture
async def client(later: AsyncEndpoint, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """With a worker beside it."""
    async with running_app(settings) as app, client_of(app) as client:
        await register(client, options=OPTIONS)
        await store(client, {"a": 1.5, "b": 2.5, "same": 1.5, "bad": -1.0})
        with quick():
            async with working(settings):
                yield client


async def test_who_waits_gets_the_answer_and_who_does_not_gets_its_place(
    client: httpx.AsyncClient, later: AsyncEndpoint
) -> None:
    waiting = [asyncio.create_task(client.post("/predict/a")) for _ in range(5)]
    accepted = await client.post("/predict/a", headers=LATER)
    assert (accepted.status_code, accepted.headers["Preference-Applied"]) == (202, "respond-async")
    answers = await asyncio.gather(*waiting)
    assert {(one.status_code, one.json()["prediction"]) for one in answers} == {(200, 15.0)}
    came = [one.headers["X-Cache"] for one in answers]  # who does not wait may have begun it
    assert (set(came) - {"MISS"}, came.count("MISS") <= 1) == ({"COALESCED"}, True)
    done = (await ended(client, accepted.headers["Location"])).json()
    assert (done["state"], done["prediction"]["prediction"]) == ("done", 15.0)
    assert len({one.headers["ETag"] for one in answers} | {f'"{done["prediction_id"]}"'}) == 1
    same = await client.post("/predict/same", headers=LATER)
    assert (same.status_code, same.headers["X-Cache"], same.json()["record_id"]) == (200, "HIT", "same")
    assert len(later.written("out")) == 1
    logged = (await client.get(f"/predictions/{done['prediction_id']}")).json()
    assert (logged["record_id"], logged["raw_output"]) == ("a", 15.0)
    assert logged["inference_id"]
    refreshed = await client.post("/predict/a?refresh=true")
    assert (refreshed.json()["prediction"], refreshed.headers["ETag"] != answers[0].headers["ETag"]) == (
        15.0,
        True,
    )
    assert len(later.written("out")) == 2


async def test_a_batch_has_items_of_each_kind(client: httpx.AsyncClient, later: AsyncEndpoint) -> None:
    await client.post("/predict/a")
    body = {"record_ids": ["a", "b", "same", "bad", "none"]}
    batch = await client.post("/predict", json=body, headers=LATER)
    assert batch.headers["Preference-Applied"] == "respond-async"
    items = batch.json()["items"]
    assert statuses(items) == [200, 202, 200, 202, 404]
    assert (await ended(client, items[1]["location"])).json()["prediction"]["prediction"] == 25.0
    failed = (await ended(client, items[3]["location"])).json()
    assert (failed["state"], failed["prediction"], failed["problem"]["title"]) == (
        *("failed", None),
        "The model refused the rows",
    )
    assert "secret" not in str(failed)
    assert (len(later.written("out")), len(later.written("failures"))) == (2, 1)
