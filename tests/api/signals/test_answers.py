"""What callers are told of predictions is noted once each, whichever way it was asked for."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue

from app.core.signals import STAGES
from app.services.predictions import predictor
from app.services.predictions.predictor import Ask
from tests.support.aws_stub import Answer, AwsStub, error
from tests.support.orders import answer_ten_times, invocations, register
from tests.support.signals import Noted

OF_VERSION = [("/predict/a", {}), ("/predict/a", {"Prefer": "wait=60"})]
"""Below the framework, and by the route."""


@pytest.mark.parametrize(("path", "headers"), OF_VERSION)
async def test_one(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> None:
    noted = Noted()
    for _ in range(3):
        assert (await client.post(path, headers=headers)).status_code == 200
    assert noted.answers == {("1", "request", "miss", ""): 1, ("1", "request", "hit", ""): 2}
    assert noted.calls == {("1", "ok"): 1}
    assert noted.requests == {("/predict/{record_id}", "POST", "2xx"): 3}


@pytest.mark.parametrize("headers", [{}, {"Prefer": "wait=60"}])
async def test_who_boards_anothers_flight_is_no_miss(
    client: httpx.AsyncClient, aws: AwsStub, headers: dict[str, str]
) -> None:
    noted = Noted()
    await asyncio.gather(*(client.post("/predict/b", headers=headers) for _ in range(5)))
    assert noted.answers == {("1", "request", "miss", ""): 1, ("1", "request", "coalesced", ""): 4}
    assert len(invocations(aws)) == 1


@pytest.mark.parametrize("headers", [{}, {"Prefer": "wait=60"}])
async def test_errors_have_a_cause_and_a_version_that_there_is(
    client: httpx.AsyncClient, aws: AwsStub, headers: dict[str, str]
) -> None:
    noted = Noted()
    aws.respond = lambda _: error("ValidationError", 400)
    assert (await client.post("/predict/a", headers=headers)).status_code == 502
    assert (await client.post("/predict/nobody", headers=headers)).status_code == 404
    assert (await client.post("/predict/a?model=unknown", headers=headers)).status_code == 404
    assert (await client.post("/predict/a?version=unknown", headers=headers)).status_code == 404
    assert noted.answers == {
        ("1", "request", "error", "backend-refused"): 1,
        ("1", "request", "error", "not-found"): 1,
        ("", "request", "error", "not-found"): 2,
    }
    assert noted.calls == {("1", "backend-refused"): 1}


async def test_what_stands_in_for_an_error(client: httpx.AsyncClient, aws: AwsStub) -> None:
    await client.post("/predict/a")
    await register(client, "2")
    aws.respond = lambda _: error("ValidationError", 400)
    noted = Noted()
    stale = await client.post("/predict/a", headers={"Cache-Control": "stale-if-error"})
    assert stale.headers["X-Cache"] == "STALE"
    assert noted.answers == {("1", "request", "stale", ""): 1}


async def test_a_fallback_answers_as_itself(client: httpx.AsyncClient, aws: AwsStub) -> None:
    def respond(request: object) -> Answer:
        return error("ValidationError", 400) if "second" in str(request) else answer_ten_times(request)  # type: ignore[arg-type]

    options: dict[str, JsonValue] = {"endpoint_name": "second", "fallback_version": "1"}
    await register(client, "2", options=options)
    aws.respond = respond
    noted = Noted()
    assert (await client.post("/predict/a")).status_code == 200
    assert noted.answers == {("1", "request", "miss", ""): 1}
    assert noted.calls == {("1", "ok"): 1, ("2", "backend-refused"): 1}


async def test_each_item_of_a_batch(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, aws: AwsStub
) -> None:
    await client.post("/predict", json={"record_ids": ["a", "b"]})
    ids = ["a", "b", "a", "c", "nobody", "\u0000"]
    expected = {
        ("1", "batch", "hit", ""): 3,
        ("1", "batch", "miss", ""): 1,
        ("1", "batch", "error", "not-found"): 1,
        ("", "batch", "error", "invalid-input"): 1,
    }
    noted = Noted()
    assert (await client.post("/predict", json={"record_ids": ids})).status_code == 200
    assert noted.answers == expected

    monkeypatch.setattr(predictor, "MANY", 1)  # from here on Postgres writes the hits
    noted, ids[3] = Noted(), "a"
    assert (await client.post("/predict", json={"record_ids": ids})).status_code == 200
    assert noted.answers == {key: 4 if key[2] == "hit" else 1 for key in expected if key[2] != "miss"}


async def test_a_batch_that_fails_as_a_whole(client: httpx.AsyncClient) -> None:
    noted = Noted()
    refused = await client.post("/predict", json={"record_ids": ["a", "b"], "model": "unknown"})
    assert refused.status_code == 404
    assert noted.answers == {("", "batch", "error", "not-found"): 2}


async def test_what_comes_later_is_not_told_yet(client: httpx.AsyncClient) -> None:
    noted = Noted()
    later = {"Prefer": "respond-async"}
    assert (await client.post("/predict/a", headers=later)).status_code == 202
    assert (await client.post("/predict", headers=later, json={"record_ids": ["a"]})).status_code == 200
    assert noted.answers == {}
    assert noted.requests["/predict/{record_id}", "POST", "2xx"] == 1


async def test_what_is_refused_before_it_asks_for_anything_is_no_answer(client: httpx.AsyncClient) -> None:
    noted = Noted()
    assert (await client.post("/predict/a?refresh=perhaps")).status_code == 422
    assert (await client.post("/predict", json={"record_ids": 7})).status_code == 422
    assert noted.answers == {}
    assert noted.requests == {
        ("/predict/{record_id}", "POST", "4xx"): 1,
        ("/predict", "POST", "4xx"): 1,
    }


async def test_the_stages_of_one_prediction(client: httpx.AsyncClient, app: FastAPI) -> None:
    seen: list[tuple[str, float]] = []
    token = STAGES.set(seen)
    try:
        await app.state.runtime.predictor.predict("a", Ask())
        names = [name for name, _ in seen]
        await app.state.runtime.predictor.predict("a", Ask())
    finally:
        STAGES.reset(token)
    assert names == ["lookup", "claim", "preprocess", "inference", "postprocess", "store"]
    assert [name for name, _ in seen][len(names) :] == ["lookup"]
    assert all(seconds > 0 for _, seconds in seen)
