"""Who names no model is answered by the record's own, by one statement as ever."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import text

from app.core.settings import Settings
from app.services.predictions import predictor
from tests.support.app import client_of, running_app
from tests.support.aws_stub import AwsStub, error
from tests.support.eventually import TIMEOUT
from tests.support.orders import order, statuses
from tests.support.own_models import OF_AA, OWN, answer_apart, register_one, store_of
from tests.support.statements import recorded


@pytest.fixture(autouse=True)
async def _models(client: httpx.AsyncClient) -> None:
    """Two of the three carriers' models, and a record of each."""
    for name in ("transit", OF_AA):
        await register_one(client, name)
    await store_of(client, {"ua": "UA", "aa": "AA", "dl": "DL"})


def told(answer: httpx.Response) -> tuple[JsonValue, JsonValue, str]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["model"], body["prediction"], answer.headers["X-Cache"]


async def test_each_record_is_predicted_with_its_own_model(client: httpx.AsyncClient, app: FastAPI) -> None:
    for state in ("MISS", "HIT"):
        assert told(await client.post("/predict/ua")) == ("transit", 15.0, state)
        assert told(await client.post("/predict/aa")) == (OF_AA, 150.0, state)
    assert told(await client.post("/predict/aa?model=transit")) == ("transit", 15.0, "MISS")
    assert told(await client.post(f"/predict/ua?model={OF_AA}"))[:2] == (OF_AA, 150.0)
    assert told(await client.post("/predict/aa?version=1"))[0] == OF_AA
    for path in ("ua", "aa"):
        with recorded(app.state.runtime.database.engine) as seen:
            assert (await client.post(f"/predict/{path}")).headers["X-Cache"] == "HIT"
        assert len(seen) == 1


async def test_a_model_that_there_is_not_is_its_records_alone(client: httpx.AsyncClient) -> None:
    answer = await client.post("/predict/dl")
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no model 'of-DL'.")
    answer = await client.post("/predict/aa?version=7")
    assert (answer.status_code, answer.json()["detail"]) == (404, "The model 'of-AA' has no version '7'.")
    assert (await client.post("/predict/nobody")).json()["detail"] == "There is no record 'nobody'."
    many = (await client.post("/predict", json={"record_ids": ["ua", "aa", "dl", "nobody"]})).json()["items"]
    assert [one.get("model") for one in many] == ["transit", OF_AA, None, None]
    assert statuses(many) == [200, 200, 404, 404]
    await register_one(client, "of-DL")
    assert told(await client.post("/predict/dl"))[0] == "of-DL"


async def test_many_hits_are_written_with_the_models_that_made_them(
    client: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["ua", "aa", "dl", "nobody"]
    first = (await client.post("/predict", json={"record_ids": names})).json()["items"]
    monkeypatch.setattr(predictor, "MANY", 1)
    with recorded(app.state.runtime.database.engine) as seen:
        again = (await client.post("/predict", json={"record_ids": names})).json()["items"]
    assert len(seen) == 1
    assert [one.get("cached") for one in again] == [True, True, None, None]
    hit = {"cached": True, "cache": "HIT"}
    assert again == [one | hit if one["status"] == 200 else one for one in first]
    named = (await client.post("/predict", json={"record_ids": names[:2], "model": "transit"})).json()
    assert {one["model"] for one in named["items"]} == {"transit"}


async def test_a_promotion_moves_the_records_of_that_model(client: httpx.AsyncClient) -> None:
    await client.post("/predict/aa")
    await register_one(client, OF_AA, "2")
    answer = (await client.post("/predict/aa")).json()
    assert (answer["model"], answer["version"], answer["cached"]) == (OF_AA, "2", False)
    assert (await client.post("/predict/ua")).json()["version"] == "1"


async def test_a_record_that_is_written_anew_has_the_model_of_its_new_content(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.put("/records/aa", json=order(1.5, carrier="UA"))).status_code == 200
    assert told(await client.post("/predict/aa"))[0] == "transit"
    assert (await client.put("/records/new", json=order(1.5, carrier="AA"))).status_code == 201
    assert told(await client.post("/predict/new"))[0] == OF_AA
    inline = await client.post("/predict", json={"inputs": [order(carrier="AA"), order(carrier="UA")]})
    assert [one["model"] for one in inline.json()["items"]] == [OF_AA, "transit"]


async def test_a_fallback_is_a_version_of_the_records_own_model(
    client: httpx.AsyncClient, aws: AwsStub
) -> None:
    options: dict[str, JsonValue] = {"endpoint_name": "broken", "fallback_version": "1"}
    await register_one(client, OF_AA, "2", options=options)
    aws.respond = lambda asked: (
        error("InternalFailure", 500) if "/broken/" in asked.path else answer_apart(asked)
    )
    answer = (await client.post("/predict/aa")).json()
    assert (answer["model"], answer["version"], answer["prediction"]) == (OF_AA, "1", 150.0)


async def test_without_a_default_model_only_records_with_their_own_are_predicted(
    settings: Settings, client: httpx.AsyncClient
) -> None:
    async with (
        running_app(settings.model_copy(update={"default_model": None}), OWN) as app,
        client_of(app) as other,
    ):
        assert told(await other.post("/predict/aa"))[0] == OF_AA
        assert (await other.post("/predict/ua")).status_code == 422
        many = (await other.post("/predict", json={"record_ids": ["aa", "ua"]})).json()["items"]
        assert statuses(many) == [200, 422]


async def test_the_memory_knows_what_was_asked_without_a_model(
    settings: Settings, aws: AwsStub, client: httpx.AsyncClient
) -> None:
    memory = settings.model_copy(update={"memory_records": 10, "memory_seconds": 3600})
    async with running_app(memory, OWN) as app, client_of(app) as quick:
        for _ in range(3):
            assert told(await quick.post("/predict/aa"))[:2] == (OF_AA, 150.0)
            assert told(await quick.post("/predict/aa?model=transit"))[:2] == ("transit", 15.0)
            assert told(await quick.post("/predict/ua"))[:2] == ("transit", 15.0)
        async with app.state.runtime.sessions.begin() as session:  # as `records remodel` does it
            await session.execute(text("update input_objects set own_model = null where id = 'aa'"))
        async with asyncio.timeout(TIMEOUT):
            while told(await quick.post("/predict/aa"))[0] != "transit":  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_who_has_no_such_function_is_not_concerned(
    settings: Settings, client: httpx.AsyncClient
) -> None:
    """Another process without it, as before or after a release, answers with the default model."""
    async with running_app(settings) as app, client_of(app) as other:
        assert told(await other.post("/predict/aa"))[0] == "transit"
        with recorded(app.state.runtime.database.engine) as seen:
            await other.post("/predict/aa")
        [(statement, _)] = seen
        assert "own_model" not in statement
