"""Idempotency-Key: a POST that is sent again is done once, over all processes, and answered as before."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import text
from structlog.typing import EventDict

from app.core.settings import Settings
from app.db import idempotency_keys
from app.db.engine import Sessions
from app.main import create_app
from app.services.upkeep import purge
from tests.support.app import client_of
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, order, prepare
from tests.support.use_case import TRANSIT

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
CSV = "id,carrier,origin,destination,origin_lat,origin_lon,destination_lat,destination_lon,scheduled_at\n"
ASKED: list[tuple[str, JsonValue, str, int]] = [
    ("/prediction-jobs", {"ids": ["a"], "model": "transit"}, "prediction_jobs", 202),
    ("/evaluations", {"model": "transit"}, "evaluations", 202),
]


@pytest.fixture
async def client(app: FastAPI, aws: AwsStub) -> AsyncIterator[httpx.AsyncClient]:
    """With a model that answers, and a record."""
    aws.respond = answer_ten_times
    await prepare(app.state.runtime.predictor)
    async with client_of(app) as client:
        await client.put("/records/a", json=order())
        yield client


async def count(sessions: Sessions, table: str) -> int:
    async with sessions() as session:
        return await session.scalar(text(f"select count(*) from {table}")) or 0


@pytest.mark.parametrize(("url", "body", "table", "status"), ASKED)
async def test_the_same_again_is_answered_as_before(
    client: httpx.AsyncClient, sessions: Sessions, url: str, body: JsonValue, table: str, status: int
) -> None:
    first = await client.post(url, json=body, headers=KEY)
    again = await client.post(url, json=body, headers={"Idempotency-Key": KEY["Idempotency-Key"].strip('"')})
    assert (first.status_code, again.status_code) == (status, status)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert [one.headers.get("Idempotent-Replayed") for one in (first, again)] == [None, "true"]
    assert await count(sessions, table) == 1
    await client.post(url, json=body)
    await client.post(url, json=body, headers={"Idempotency-Key": "another"})
    assert await count(sessions, table) == 3


@pytest.mark.parametrize(("url", "body", "table", "status"), ASKED)
async def test_of_many_at_once_one_is_done(
    client: httpx.AsyncClient,
    settings: Settings,
    sessions: Sessions,
    url: str,
    body: JsonValue,
    table: str,
    status: int,
) -> None:
    """On two replicas. Who comes while it is under way is told so, and when to come again."""
    other = create_app(settings, TRANSIT)
    async with other.router.lifespan_context(other), client_of(other) as elsewhere:
        asked = [one.post(url, json=body, headers=KEY) for _ in range(10) for one in (client, elsewhere)]
        answers = await asyncio.gather(*asked)
        again = await elsewhere.post(url, json=body, headers=KEY)
    assert await count(sessions, table) == 1
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (status, "true")
    assert {one.status_code for one in answers} <= {status, 409}
    assert {one.text for one in answers if one.status_code == status} == {again.text}
    assert {one.headers["Retry-After"] for one in answers if one.status_code == 409} <= {"1"}


async def test_another_request_under_the_key_is_refused(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await client.post("/evaluations", json={"model": "transit"}, headers=KEY)
    for url, body in (
        ("/evaluations", {"model": "transit", "version": "1"}),
        ("/prediction-jobs", {"model": "transit"}),
        ("/prediction-jobs", {"model": "transit", "all": True}),
        ("/models/transit/rollback", None),
    ):
        response = await client.post(url, json=body, headers=KEY)
        assert response.status_code in (409, 422)
        if body != {"model": "transit"}:
            assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert await count(sessions, "evaluations") == 1
    assert await count(sessions, "prediction_jobs") == 0


async def test_what_failed_is_not_kept(client: httpx.AsyncClient) -> None:
    body = {"model": "later"}
    assert (await client.post("/evaluations", json=body, headers=KEY)).status_code == 404
    new = {"version": "1", "backend": "sagemaker", "options": {"endpoint_name": "e"}, "promote": True}
    assert (await client.post("/models/later/versions", json=new | {"probe": False})).status_code == 201
    asked = await client.post("/evaluations", json=body, headers=KEY)
    assert (asked.status_code, asked.headers.get("Idempotent-Replayed")) == (202, None)


@pytest.mark.parametrize("key", ["", '""', '"a', "a b", "x" * 256, "é", 'a"b', "a\\b", '"a", "b"', "a,b"])
async def test_what_is_no_key(client: httpx.AsyncClient, sessions: Sessions, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode())]
    response = await client.post("/evaluations", json={"model": "transit"}, headers=headers)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert await count(sessions, "evaluations") == 0


async def test_two_keys_are_none(client: httpx.AsyncClient) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    response = await client.post("/evaluations", json={"model": "transit"}, headers=headers)
    assert response.status_code == 422


async def test_an_import_is_done_once_by_its_file(client: httpx.AsyncClient, sessions: Sessions) -> None:
    headers = KEY | {"Content-Type": "text/csv"}
    row = "b,UA,EWR,ORD,40.69,-74.17,41.98,-87.90,2013-12-24T15:30:00Z\n"
    tried = await client.post("/records/import?dry_run=true", content=CSV + row, headers=headers)
    assert tried.json()["created"] == 1
    first = await client.post("/records/import", content=CSV + row, headers=headers)
    assert first.json()["created"] == 1
    again = await client.post("/records/import", content=CSV + row, headers=headers)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    other = await client.post("/records/import", content=CSV + row.replace("b,", "c,"), headers=headers)
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert await count(sessions, "input_objects") == 2


async def test_of_two_uploads_at_once_the_first_that_ends_is_imported(client: httpx.AsyncClient) -> None:
    headers = KEY | {"Content-Type": "text/csv"}
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield CSV.encode()
        begun.set()
        await go_on.wait()

    slow = asyncio.create_task(client.post("/records/import", content=slowly(), headers=headers))
    await begun.wait()
    quick = await client.post("/records/import", content=CSV, headers=headers)
    go_on.set()
    assert (quick.status_code, quick.headers.get("Idempotent-Replayed")) == (200, None)
    assert ((await slow).json(), (await slow).headers["Idempotent-Replayed"]) == (quick.json(), "true")


async def test_an_import_that_is_being_written_is_not_begun_again(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    headers = KEY | {"Content-Type": "text/csv"}
    async with sessions.begin() as session:
        assert await idempotency_keys.try_lock(session, KEY["Idempotency-Key"].strip('"'))
        second = await client.post("/records/import", content=CSV, headers=headers)
    assert (second.status_code, second.headers["Retry-After"]) == (409, "1")


async def test_a_rollback_goes_back_once_and_names_what_it_leaves(
    client: httpx.AsyncClient, logs: list[EventDict]
) -> None:
    for version in ("2", "3"):
        new = {"version": version, "backend": "sagemaker", "options": {"endpoint_name": "e"}, "promote": True}
        assert (await client.post("/models/transit/versions", json=new | {"probe": False})).status_code == 201
    first = await client.post("/models/transit/rollback", headers=KEY)
    assert (first.json()["left_version"], first.json()["live_version"]) == ("3", "2")
    again = await client.post("/models/transit/rollback", headers=KEY)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    without = (await client.post("/models/transit/rollback")).json()
    assert (without["left_version"], without["live_version"]) == ("2", "1")
    told = [(line["left_version"], line["live_version"]) for line in logs if line["event"] == "rolled back"]
    assert told == [("3", "2"), ("2", "1")]


async def test_a_key_is_forgotten_after_a_day(
    app: FastAPI, client: httpx.AsyncClient, sessions: Sessions
) -> None:
    body = {"model": "transit"}
    await client.post("/evaluations", json=body, headers=KEY)
    await age(sessions, hours=25)
    asked = await client.post("/evaluations", json=body | {"version": "1"}, headers=KEY)
    assert (asked.status_code, asked.headers.get("Idempotent-Replayed")) == (202, None)
    await purge.purge(app.state.runtime)
    assert await count(sessions, "idempotency_keys") == 1
    await age(sessions, hours=25)
    await purge.purge(app.state.runtime)
    assert await count(sessions, "idempotency_keys") == 0


async def age(sessions: Sessions, *, hours: int) -> None:
    async with sessions.begin() as session:
        change = "update idempotency_keys set created_at = created_at - make_interval(hours => :hours)"
        await session.execute(text(change), {"hours": hours})
