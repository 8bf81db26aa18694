"""The page that one comes in by."""

import httpx
from fastapi import FastAPI

from app.core.signals.answered import note_as, note_failure
from app.schemas.overview.overview import Overview
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.browsers import new_key, signed_in
from tests.support.orders import answer_ten_times, prepare


async def shown(client: httpx.AsyncClient, path: str = "/", **headers: str) -> str:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


async def test_of_nothing_it_says_what_to_type(client: httpx.AsyncClient) -> None:
    text = await shown(client)
    for said in ("models register", "app predict RECORD_ID", "app worker", "Nothing waits for a worker"):
        assert said in text
    assert "data-figure" not in text


async def test_what_was_answered(app: FastAPI, client: httpx.AsyncClient, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    await prepare(app.state.runtime.predictor)
    note_as("request", "transit", "1", "HIT", 0.0015, 6)
    note_as("request", "transit", "1", "MISS", 0.0175, 2)
    note_failure("batch", "transit", "1", "backend-timeout", 1.5, 3)
    text = await shown(client, "/?window=1h")
    for said in (
        "75.0%",
        "Errors by cause",
        "1.95 ms",
        "19.8 ms",
        "app models price transit",
        'href="/dashboard/models/transit"',
    ):
        assert said in text
    price = {"per": "row", "amount": "0.5", "currency": "EUR"}
    await client.post("/models/transit/prices", json=price)
    part = await shown(client, "/dashboard/overview/numbers?window=1h")
    assert "3.00 EUR" in part
    assert part.startswith('<div id="numbers" data-refresh="/dashboard/overview/numbers?window=1h"')


async def test_who_is_bound_to_records_is_told_where_they_are(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    runtime: Runtime = app.state.runtime
    key = await keys.make(runtime.sessions, NewKey("tenant", ["read"], record_prefix="a/"))
    text = await shown(client, authorization=f"Bearer {key}")
    assert "it is of all of them" in text
    assert 'href="/dashboard/records"' in text


async def test_its_data_is_there_for_who_is_signed_in(app: FastAPI, client: httpx.AsyncClient) -> None:
    await signed_in(client, await new_key(app, "read"))
    assert 'href="/dashboard/overview/data?window=7d"' in await shown(client, "/?window=7d")
    data = await client.get("/dashboard/overview/data?window=7d")
    assert Overview.model_validate_json(data.content).window == "7d"
