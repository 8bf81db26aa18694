"""Record ids that look like others: no record is written under one, and those there are can be reached."""

from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from app.db.records import records as rows
from app.services.records.records import normalise
from tests.support.orders import order
from tests.support.use_case import TRANSIT

LOOK_ALIKE = "order1\u200b"
SAID = "must not contain U+200B ZERO WIDTH SPACE, a format character, which cannot be seen (character 7)"


@pytest.fixture
async def old(app: FastAPI) -> str:
    """The path of a record from before ids were looked at so closely."""
    given = normalise(TRANSIT.input_type, order())
    async with app.state.runtime.database.transactions.begin() as session:
        await rows.upsert(session, [given.stored_as(LOOK_ALIKE)])
    return f"/records/{quote(LOOK_ALIKE)}"


async def test_no_record_is_written_under_one(client: httpx.AsyncClient) -> None:
    put = await client.put(f"/records/{quote(LOOK_ALIKE)}", json=order())
    one = await client.post("/records", json={"id": LOOK_ALIKE, "input": order()})
    many = await client.post("/records", json=[{"id": LOOK_ALIKE, "input": order()}])
    line = (
        f"id,{','.join(order())}\n{LOOK_ALIKE},{','.join(str(value or '') for value in order().values())}\n"
    )
    imported = await client.post("/records/import?format=csv", content=line.encode())
    faults = [response.json()["errors"][0] for response in (put, one, many, imported)]
    assert ["id" in fault["field"] for fault in faults] == [True] * 4
    assert {fault["message"] for fault in faults} == {f"{SAID}: take it away"}
    assert (await client.get("/records")).json()["items"] == []


async def test_one_that_is_there_can_be_read_labelled_and_deleted(
    client: httpx.AsyncClient, old: str
) -> None:
    assert (await client.get(old)).json()["id"] == LOOK_ALIKE
    assert (await client.put(f"{old}/label", json={"value": 1})).status_code == 200
    page = await client.get("/records", params={"limit": 1, "prefix": "order1"})
    assert [one["id"] for one in page.json()["items"]] == [LOOK_ALIKE]
    assert (await client.put(old, json=order())).status_code == 422
    assert (await client.delete(old)).status_code == 204


async def test_that_there_is_none_says_why(client: httpx.AsyncClient) -> None:
    assert (await client.put("/records/order1", json=order())).status_code == 201
    for response in (
        await client.get(f"/records/{quote(LOOK_ALIKE)}"),
        await client.delete(f"/records/{quote(LOOK_ALIKE)}"),
        await client.put(f"/records/{quote(LOOK_ALIKE)}/label", json={"value": 1}),
    ):
        assert response.status_code == 404
        assert response.json()["detail"].endswith(f". Its id {SAID}: take it away.")
    assert (await client.get("/records/other")).json()["detail"] == "There is no record 'other'."
