"""Evaluations as GET /evaluations lists them."""

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import event

from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.judged_orders import WHOLE, evaluate, store_judged_orders
from tests.support.orders import answer_ten_times, prepare

DRIFT: dict[str, JsonValue] = {
    "kind": "drift",
    "reference": {"since": "2013-01-01T00:00:00Z", "until": "2013-02-01T00:00:00Z"},
}


@pytest.fixture
async def runtime(app: FastAPI, aws: AwsStub) -> Runtime:
    aws.respond = answer_ten_times
    runtime: Runtime = app.state.runtime
    await prepare(runtime.predictor)
    await store_judged_orders(runtime.database.transactions)
    return runtime


async def queued(client: httpx.AsyncClient) -> int:
    asked = await client.post("/evaluations", json={"model": "transit"})
    return int(asked.json()["id"])


async def test_runs_of_every_state_are_listed_newest_first(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    done = await evaluate(runtime)
    cancelled = await queued(client)
    await client.post(f"/evaluations/{cancelled}/cancel")
    await queued(client)
    page = (await client.get("/evaluations", params={"limit": 2})).json()
    assert [(one["state"], one["headline"]) for one in page["items"]] == [("queued", []), ("cancelled", [])]
    assert "metrics" not in page["items"][0]
    rest = (await client.get("/evaluations", params={"cursor": page["next_cursor"]})).json()
    assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == ([done.id], None)
    found = (await client.get("/evaluations", params={"state": "cancelled"})).json()["items"]
    assert [one["id"] for one in found] == [cancelled]


async def test_a_page_of_many_takes_as_many_statements_as_one_of_one(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    drift = await evaluate(runtime, None, **DRIFT)
    quality = await evaluate(runtime, bucket="month")
    later = await evaluate(runtime, metrics=["r2", "bias"])
    seen: list[str] = []
    engine = runtime.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    one = (await client.get("/evaluations", params={"limit": 1})).json()["items"]
    expected, seen[:] = len(seen), []
    three = (await client.get("/evaluations")).json()["items"]
    assert len(seen) == expected
    assert [(item["id"], [found["metric"] for found in item["headline"]]) for item in three] == [
        (later.id, ["bias"]),
        (quality.id, ["bias", "mae"]),
        (drift.id, []),
    ]
    assert one == three[:1]
    named = [found for found in quality.metrics if found.metric in ("bias", "mae")]
    whole = [found for found in named if (found.slice, found.bucket) == WHOLE]
    assert three[1]["headline"] == [found.model_dump(mode="json") for found in whole]


@pytest.mark.parametrize(
    ("search", "kinds"),
    [
        ({"kind": "quality"}, ["quality"]),
        ({"kind": "drift", "state": "done"}, ["drift"]),
        ({"model": "transit", "version": "1"}, ["drift", "quality"]),
        ({"kind": "report"}, []),
        ({"state": "failed", "model": "transit"}, []),
    ],
)
async def test_the_list_is_filtered(
    client: httpx.AsyncClient, runtime: Runtime, search: dict[str, str], kinds: list[str]
) -> None:
    await queued(client)
    await evaluate(runtime, None, **DRIFT)
    found = (await client.get("/evaluations", params=search)).json()["items"]
    assert [one["kind"] for one in found] == kinds
