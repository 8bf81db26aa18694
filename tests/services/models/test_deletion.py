"""A version that was never live goes with what was predicted; what has a history stays."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import JsonValue
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions
from app.services.predictions.predictor import Ask
from tests.support.app import client_of, running_app
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, register, store

ROWS = text("select (select count(*) from predictions), (select count(*) from models)")


@pytest.fixture
async def client(settings: Settings, aws: AwsStub) -> AsyncIterator[httpx.AsyncClient]:
    """Version 1 of `transit` is live, 2 is not; both predicted the record a."""
    aws.respond = answer_ten_times
    chosen = settings.model_copy(update={"default_model": "transit"})
    async with running_app(chosen) as app, client_of(app) as client:
        await register(client)
        await register(client, "2", promote=False)
        await store(client, {"a": 1.5})
        await app.state.runtime.predictor.predict_many(["a"], Ask("transit", "1"))
        await app.state.runtime.predictor.predict_many(["a"], Ask("transit", "2"))
        yield client


async def delete(client: httpx.AsyncClient, version: str, model: str = "transit") -> tuple[int, str]:
    answer = await client.delete(f"/models/{model}/versions/{version}")
    return answer.status_code, "" if answer.status_code == 204 else answer.json()["detail"]


async def counted(sessions: Sessions) -> tuple[int, ...]:
    async with sessions() as session:
        return tuple((await session.execute(ROWS)).one())


async def test_a_version_that_was_never_live_goes_with_its_predictions(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    assert await counted(sessions) == (2, 1)
    assert await delete(client, "2") == (204, "")
    assert await counted(sessions) == (1, 1)
    assert await delete(client, "2") == (404, "The model 'transit' has no version '2'.")
    assert await delete(client, "1", "none") == (404, "There is no model 'none'.")
    await register(client, "2", options={"endpoint_name": "another"}, promote=False)  # the name is free


async def test_what_is_or_was_live_stays(client: httpx.AsyncClient) -> None:
    said = "Version '1' of 'transit' cannot be deleted: it {} live. The history is kept."
    assert await delete(client, "1") == (409, said.format("is"))
    await client.post("/models/transit/promote", json={"version": "2"})
    assert await delete(client, "1") == (409, said.format("was"))
    await client.post("/models/transit/rollback")
    assert (await delete(client, "2"))[0] == 409


async def test_what_hangs_on_it_is_named(client: httpx.AsyncClient, sessions: Sessions) -> None:
    asked: dict[str, JsonValue] = {"model": "transit", "version": "2"}
    for _ in range(2):
        assert (await client.post("/evaluations", json=asked)).status_code == 202
    assert (await client.post("/prediction-jobs", json=asked | {"all": True})).status_code == 202
    schedule = {"cron": "0 6 * * 1", "version": "2"}
    assert (await client.put("/models/transit/evaluation-schedule", json=schedule)).status_code == 200
    assert await delete(client, "2") == (
        409,
        "Version '2' of 'transit' cannot be deleted: it has evaluations 1, 2, prediction job 1, the model's "
        "evaluation schedule. The history is kept.",
    )
    assert await counted(sessions) == (2, 1)


async def test_what_another_falls_back_on_stays(client: httpx.AsyncClient) -> None:
    options: dict[str, JsonValue] = {"endpoint_name": "transit", "fallback_version": "2"}
    await register(client, "3", options=options, promote=False)
    said = "Version '2' of 'transit' cannot be deleted: it is the fallback of 3. The history is kept."
    assert await delete(client, "2") == (409, said)
    assert await delete(client, "3") == (204, "")
    assert await delete(client, "2") == (204, "")


async def test_the_model_goes_with_its_last_version(client: httpx.AsyncClient, sessions: Sessions) -> None:
    body = {"version": "1", "backend": "sagemaker", "options": {"endpoint_name": "e"}}
    assert (await client.post("/models/other/versions", json=body)).status_code == 201
    every = "/models/other/evaluation-schedule"
    assert (await client.put(every, json={"cron": "0 6 * * 1"})).status_code == 200
    assert "has the model's evaluation schedule" in (await delete(client, "1", "other"))[1]
    assert (await client.delete(every)).status_code == 204
    assert await delete(client, "1", "other") == (204, "")
    assert await counted(sessions) == (2, 1)
    assert (await client.get("/models/other")).status_code == 404
