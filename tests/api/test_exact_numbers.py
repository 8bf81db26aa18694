"""Decimals, moments and members over HTTP: every way in keeps them as they were given, or refuses them."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal

import httpx
import pytest
from pydantic import BaseModel, JsonValue

from app.core.settings import Settings
from tests.support.app import client_of, running_app
from tests.support.use_case import changed

PRICE = "98765432109876543.21"
INPUT = f'{{"price": {PRICE}, "at": "2024-02-29T15:30:00"}}'
NOTHING = {"anything": None, "either": None, "ratio": None}
STORED = {"price": PRICE, "at": "2024-02-29T15:30:00Z"} | NOTHING


class Sale(BaseModel):
    price: Decimal
    at: datetime
    anything: JsonValue = None
    either: int | float | None = None
    ratio: float | None = None


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    use_case = changed(InputObject=Sale, TIME_FIELD="at", LABEL="paid", Label=Decimal, SLICES={})
    async with running_app(settings, use_case) as app, client_of(app) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("PUT", "/records/a", INPUT),
        ("POST", "/records", f'{{"id": "a", "input": {INPUT}}}'),
        ("POST", "/records", f'[{{"id": "a", "input": {INPUT}}}]'),
        ("POST", "/records/import?format=ndjson", f'{{"id": "a", "input": {INPUT}}}'),
        ("POST", "/records/import?format=csv", f"id,price,at\na,{PRICE},2024-02-29T15:30:00\n"),
    ],
)
async def test_an_input_keeps_its_digits_and_its_moment(
    client: httpx.AsyncClient, method: str, url: str, body: str
) -> None:
    headers = {"content-type": "application/json"}
    written = await client.request(method, url, content=body, headers=headers)
    assert written.is_success, written.text
    assert (await client.get("/records/a")).json()["input"] == STORED


TWICE = '{"price": 1, "at": "2024-02-29T15:30:00", "price": 2}'


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("PUT", "/records/a", TWICE),
        ("POST", "/records", f'{{"id": "a", "input": {TWICE}}}'),
        ("POST", "/records/import?format=ndjson", f'{{"id": "a", "input": {TWICE}}}'),
        ("POST", "/predict", f'{{"inputs": [{TWICE}]}}'),
        ("POST", "/evaluations", '{"where": {"price": 1, "price": 2}}'),
    ],
)
async def test_an_object_with_a_member_twice_is_refused(
    client: httpx.AsyncClient, method: str, url: str, body: str
) -> None:
    headers = {"content-type": "application/json"}
    refused = await client.request(method, url, content=body, headers=headers)
    [fault] = refused.json()["errors"]
    assert (refused.status_code, fault["message"]) == (422, "is given more than once")
    assert fault["field"].removeprefix("line 1: ") == "price"


async def test_a_label_keeps_its_digits(client: httpx.AsyncClient) -> None:
    await client.put("/records/a", json=STORED)
    headers = {"content-type": "application/json"}
    await client.put("/records/a/label", content=f'{{"value": {PRICE}}}', headers=headers)
    assert (await client.get("/records/a/label")).json()["value"] == PRICE
    line = json.dumps({"id": "b", "input": STORED})[:-1] + f', "label": {PRICE}}}'
    await client.post("/records/import?format=ndjson", content=line.encode())
    assert (await client.get("/records/b/label")).json()["value"] == PRICE


async def test_an_inline_input_keeps_its_digits(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    await client.post("/predict", content=f'{{"inputs": [{INPUT}]}}', headers=headers)
    [record] = (await client.get("/records")).json()["items"]
    assert record["input"] == STORED


@pytest.mark.parametrize(
    "number", ["1e20", "1e16", "-1.5e300", "123456789012345680.0", "1e15", "1.0", "1e-7"]
)
async def test_what_is_read_has_the_hash_of_what_was_written(client: httpx.AsyncClient, number: str) -> None:
    holding = f'{{"anything": [{number}], "either": {number}, "ratio": {number}, {INPUT[1:]}'
    headers = {"content-type": "application/json"}
    written = await client.put("/records/a", content=holding, headers=headers)
    read = await client.get("/records/a")
    assert written.is_success, written.text
    again = await client.put("/records/a", json=read.json()["input"])
    assert again.json() == read.json() == written.json()
