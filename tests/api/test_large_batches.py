"""A batch whose hits Postgres writes out is answered as a small one, whose items are written here."""

import json
from collections.abc import Mapping

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.settings import Settings
from app.schemas.predictions.predictions import BatchAnswer
from app.services.predictions import lookups, predictor
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, invocations, register, store
from tests.support.statements import recorded

AWKWARD = ["a", 'say "so"', "back\\slash", "per %s cent%", "µ \U0001f600", "{id}", "nil'l"]
ILLEGAL = ["..", "a\nb", "", "\ud800"]
HEADERS = {"Content-Type": "application/json", "X-Request-ID": "mine"}
MISSING = ["nobody", "%"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit", "failure_hold": 0, "prediction_ttl": 3600})


@pytest.fixture
async def filled(aws: AwsStub, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """All but the first of the records have been predicted."""
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {record_id: number + 1.5 for number, record_id in enumerate(AWKWARD)})
    await ask(client, AWKWARD[1:])
    return client


async def ask(client: httpx.AsyncClient, record_ids: list[str], **more: object) -> httpx.Response:
    content = json.dumps({"record_ids": record_ids, **more})  # httpx would write lone surrogates itself
    return await client.post("/predict", content=content, headers=HEADERS)


async def both(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, record_ids: list[str], **more: object
) -> tuple[httpx.Response, httpx.Response]:
    """What is answered where Postgres writes, in statements of two ids, and where it does not."""
    monkeypatch.setattr(lookups, "WRITTEN_AT_ONCE", 2)
    monkeypatch.setattr(predictor, "MANY", 1)
    large = await ask(client, record_ids, **more)
    monkeypatch.setattr(predictor, "MANY", 1000)
    return large, await ask(client, record_ids, **more)


async def test_hits_are_written_byte_by_byte_as_in_a_small_batch(
    filled: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = await both(filled, monkeypatch, [*AWKWARD[:0:-1], *AWKWARD[1:]])
    assert large.content == small.content
    items = BatchAnswer.model_validate(large.json()).items
    assert [item.record_id for item in items] == [*AWKWARD[:0:-1], *AWKWARD[1:]]


async def test_what_is_no_hit_is_answered_among_them_in_its_place(
    filled: httpx.AsyncClient, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(invocations(aws))
    wanted = [*ILLEGAL, *AWKWARD, *MISSING]
    large, small = await both(filled, monkeypatch, wanted)
    items = large.json()["items"]
    assert [item["status"] for item in items] == [422] * 4 + [200] * 7 + [404] * 2
    assert [item.get("cache") for item in items][4:11] == ["MISS"] + ["HIT"] * 6
    assert len(invocations(aws)) == before + 1
    again = small.json()["items"]
    assert items[4] == again[4] | {"cache": "MISS", "cached": False}
    assert items[:4] + items[5:] == again[:4] + again[5:]


CALLS: Mapping[str, Mapping[str, object]] = {
    "no model": {"model": "nobody"},
    "no version": {"version": "7"},
    "no live version": {"model": "resting"},
    "the version": {"version": "1"},
}


@pytest.mark.parametrize("more", CALLS.values(), ids=CALLS.keys())
async def test_models_and_versions_are_found_or_missed_alike(
    filled: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, more: Mapping[str, object]
) -> None:
    resting = {
        "version": "1",
        "backend": "sagemaker",
        "options": {"endpoint_name": "t"},
        "features": ["month"],
    }
    (await filled.post("/models/resting/versions", json=resting)).raise_for_status()
    large, small = await both(filled, monkeypatch, AWKWARD[1:], **more)
    assert (large.status_code, large.content) == (small.status_code, small.content)


async def test_what_is_too_old_or_superseded_is_not_written(
    filled: httpx.AsyncClient, aws: AwsStub, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor, "MANY", 1)
    async with app.state.runtime.sessions.begin() as session:
        await session.execute(text("update predictions set superseded_at = now() where record_id = '{id}'"))
        old = "update predictions set computed_at = now() - interval '61 minutes' where record_id = 'nil''l'"
        await session.execute(text(old))
    items = (await ask(filled, AWKWARD[1:])).json()["items"]
    assert [item["record_id"] for item in items if item["cache"] != "HIT"] == ["{id}", "nil'l"]
    refreshed = (await ask(filled, AWKWARD[1:], refresh=True)).json()["items"]
    assert {item["cache"] for item in refreshed} == {"MISS"}


async def test_a_batch_of_many_hits_is_a_statement_for_each_part(
    filled: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "WRITTEN_AT_ONCE", 3)
    monkeypatch.setattr(predictor, "MANY", 6)
    with recorded(app.state.runtime.database.engine) as seen:
        await ask(filled, AWKWARD[1:])
    assert len(seen) == 2
    assert all("format(" in statement for statement, _ in seen)
