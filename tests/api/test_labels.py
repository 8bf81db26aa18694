"""The truths about records, over HTTP."""

import asyncio
from urllib.parse import quote

import httpx
from fastapi import FastAPI

from app.db.engine import Sessions
from app.db.records import records as rows
from tests.support.locks import until_it_is_waited_for
from tests.support.orders import order


async def test_a_label_keeps_its_time_unless_it_changes(client: httpx.AsyncClient) -> None:
    record = (await client.put("/records/a", json=order())).json()
    first = (await client.put("/records/a/label", json={"value": 10})).json()
    assert first["value"] == 10.0
    assert (await client.put("/records/a/label", json={"value": 10.0})).json() == first
    other = (await client.put("/records/a/label", json={"value": 11})).json()
    assert other["observed_at"] > first["observed_at"]
    dated = {"value": 11, "observed_at": "2024-02-29T05:30:00+05:30"}
    stored = (await client.put("/records/a/label", json=dated)).json()
    assert stored == {"value": 11.0, "observed_at": "2024-02-29T00:00:00Z"}
    assert (await client.get("/records/a")).json() == record | {"label": stored}


async def test_a_label_needs_its_record(client: httpx.AsyncClient) -> None:
    for method in ("PUT", "GET", "DELETE"):
        body = {"value": 1} if method == "PUT" else None
        answer = await client.request(method, "/records/a/label", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no record 'a'.")


async def test_a_label_by_itself(client: httpx.AsyncClient) -> None:
    path = f"/records/{quote('a/label', safe='')}/label"
    record = (await client.put(path.removesuffix("/label"), json=order())).json()
    for method in ("GET", "DELETE"):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["detail"]) == (404, "The record 'a/label' has no label.")
    label = (await client.put(path, json={"value": 0})).json()
    assert (await client.get(path)).json() == label
    gone = await client.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.delete(path)).status_code == 404
    assert (await client.get(path.removesuffix("/label"))).json() == record


async def test_a_record_that_goes_while_it_is_labelled(app: FastAPI, client: httpx.AsyncClient) -> None:
    await client.put("/records/a", json=order())
    sessions: Sessions = app.state.runtime.database.transactions
    async with asyncio.TaskGroup() as group, sessions.begin() as session:
        await rows.remove(session, "a")
        labelled = group.create_task(client.put("/records/a/label", json={"value": 1}))
        await until_it_is_waited_for(session)
    assert labelled.result().status_code == 404
