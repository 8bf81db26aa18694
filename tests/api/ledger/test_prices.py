"""What inferences of a model cost, over HTTP."""

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue

from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, prepare

PATH = "/models/transit/prices"
HOURLY: dict[str, JsonValue] = {
    "per": "hour",
    "amount": "0.23",
    "currency": "USD",
    "valid_from": "2026-01-01T00:00:00Z",
}


@pytest.fixture(autouse=True)
async def _model(app: FastAPI, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    await prepare(app.state.runtime.predictor)


async def test_prices_are_added_and_none_is_changed(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).json() == {"items": [], "next_cursor": None}
    added = await client.post(PATH, json=HOURLY)
    assert added.status_code == 201, added.text
    first = added.json()
    assert HOURLY.items() <= first.items()
    assert (first["model"], first["version"]) == ("transit", None)
    per_row = {"version": "1", "per": "row", "amount": 0.1, "currency": "EUR"}
    second = (await client.post(PATH, json=per_row)).json()
    assert (second["amount"], second["version"], second["valid_from"][-7:]) == ("0.1", "1", ":00:00Z")
    ended = (await client.post(PATH, json={"amount": None})).json()
    assert (ended["per"], ended["amount"], ended["currency"]) == (None, None, None)
    assert (await client.get(PATH)).json()["items"] == [ended, second, first]
    page = (await client.get(PATH, params={"limit": 2})).json()
    assert page["items"] == [ended, second]
    rest = (await client.get(PATH, params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert rest == {"items": [first], "next_cursor": None}


async def test_who_said_it_is_in_the_audit(client: httpx.AsyncClient) -> None:
    await client.post(PATH, json=HOURLY | {"version": "1"})
    [entry, *_] = (await client.get("/audit")).json()["items"]
    assert (entry["action"], entry["subject"]) == ("priced", "model transit, version 1")
    assert entry["details"] == HOURLY


@pytest.mark.parametrize(
    ("changes", "named", "said"),
    [
        ({"amount": "-1"}, "amount", "greater than or equal to 0"),
        ({"amount": "NaN"}, "amount", ""),
        ({"amount": "1e400"}, "amount", ""),
        ({"amount": True}, "amount", "true and false"),
        ({"amount": "0.0000000000001"}, "amount", "12 decimal places"),
        ({"currency": "usd"}, "currency", "ISO 4217"),
        ({"currency": None}, "", "`currency`"),
        ({"per": "day"}, "per", "'hour'"),
        ({"valid_from": "2026-01-01T00:30:00Z"}, "valid_from", "full hour"),
        ({"valid_from": "2026-01-01T00:00:00+05:30"}, "valid_from", "full hour"),
        ({"valid_from": 20260101}, "valid_from", "guess"),
        ({"amount": None}, "", "neither"),
        ({"price": 1}, "price", ""),
    ],
)
async def test_what_is_no_price_is_refused_by_its_field(
    client: httpx.AsyncClient, changes: dict[str, JsonValue], named: str, said: str
) -> None:
    refused = await client.post(PATH, json=HOURLY | changes)
    assert refused.status_code == 422, refused.text
    assert named in refused.json()["errors"][0]["field"]
    assert said in refused.text
    assert (await client.get(PATH)).json()["items"] == []


async def test_of_what_there_is_not_there_is_no_price(client: httpx.AsyncClient) -> None:
    assert (await client.get("/models/other/prices")).status_code == 404
    assert (await client.post("/models/other/prices", json=HOURLY)).status_code == 404
    version = await client.post(PATH, json=HOURLY | {"version": "9"})
    assert (version.status_code, "'9'" in version.json()["detail"]) == (404, True)
