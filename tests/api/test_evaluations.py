"""Evaluations over HTTP: runs, their history and comparisons. The test does what a worker would."""

import csv
from datetime import datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import text

from app.services.evaluations.evaluator import Evaluator
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.judged_orders import store_judged_orders
from tests.support.orders import answer_ten_times, prepare

JANUARY: dict[str, JsonValue] = {"since": "2013-01-01T00:00:00Z", "until": "2013-02-01T00:00:00Z"}


@pytest.fixture
async def model(app: FastAPI, aws: AwsStub) -> Runtime:
    aws.respond = answer_ten_times
    runtime: Runtime = app.state.runtime
    await prepare(runtime.predictor)
    return runtime


@pytest.fixture
async def runtime(model: Runtime) -> Runtime:
    await store_judged_orders(model.database.transactions)
    return model


async def ask(client: httpx.AsyncClient, **request: JsonValue) -> str:
    """Where a queued run is."""
    response = await client.post("/evaluations", json={"model": "transit"} | request)
    assert response.status_code == 202, response.text
    location: str = response.headers["Location"]
    assert location == f"/evaluations/{response.json()['id']}"
    return location


async def run(client: httpx.AsyncClient, runtime: Runtime, **request: JsonValue) -> dict[str, JsonValue]:
    """An ended run."""
    location = await ask(client, **request)
    await Evaluator(runtime).run(int(location.rpartition("/")[2]))
    ended: dict[str, JsonValue] = (await client.get(location)).json()
    return ended


async def test_a_run_is_asked_for_done_and_looked_at(client: httpx.AsyncClient, runtime: Runtime) -> None:
    location = await ask(client, bucket="month", time_field="observed_at")
    queued = (await client.get(location)).json()
    assert (queued["state"], queued["version"], queued["metrics"]) == ("queued", "1", [])

    done = await run(client, runtime, **JANUARY, bucket="month", metrics=["mae", "mae"], slices=["origin"])
    assert (done["state"], done["records"], done["labelled"], done["predicted"]) == ("done", 21, 10, 10)
    found = done["metrics"]
    assert isinstance(found, list)
    keys = ("metric", "slice", "bucket", "value", "reason", "n", "small")
    assert [tuple(one[key] for key in keys) for one in found if isinstance(one, dict)] == [
        ("mae", "", "", 1.0, None, 10, True),
        ("mae", "", "2013-01", 1.0, None, 10, True),
        ("mae", "origin=EWR", "", 1.0, None, 10, True),
    ]


async def test_a_window_is_of_points_in_time_whatever_their_offset(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    shifted = await run(client, runtime, since="2013-01-10T16:30:00+05:30", until="2013-01-10T16:30:01+05:30")
    assert shifted["labelled"] == 10
    assert isinstance(shifted["request"], dict)
    assert shifted["request"]["since"] == "2013-01-10T11:00:00Z"
    assert str(shifted["finished_at"]).endswith("Z")
    later = await run(client, runtime, since="2013-01-10T16:30:01+05:30", until="2013-01-11T00:00:00Z")
    assert (later["state"], later["labelled"]) == ("done", 0)


async def test_an_empty_set_is_a_stored_run_with_reasons(client: httpx.AsyncClient, runtime: Runtime) -> None:
    found = await run(client, runtime, since="2020-01-01T00:00:00Z")
    metrics = found["metrics"]
    assert isinstance(metrics, list)
    assert found["state"] == "done"
    assert {(one["value"], one["reason"], one["n"]) for one in metrics if isinstance(one, dict)} == {
        (None, "no rows", 0)
    }


async def test_a_body_that_is_too_large_or_no_json(client: httpx.AsyncClient) -> None:
    assert (await client.post("/evaluations", content=b" " * 10_000_001)).status_code == 413
    json = {"content-type": "application/json"}
    for content in (b"{", b'{"where": {"origin_lat": NaN}}'):
        assert (await client.post("/evaluations", content=content, headers=json)).status_code == 422
    assert (await client.post("/evaluations", json=[])).status_code == 422


async def test_a_run_is_cancelled_once(client: httpx.AsyncClient, runtime: Runtime) -> None:
    location = await ask(client)
    cancelled = await client.post(f"{location}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert (await client.get(location)).json() == cancelled.json()
    again = await client.post(f"{location}/cancel")
    assert (again.status_code, again.json()["detail"]) == (
        409,
        f"The evaluation {location.rpartition('/')[2]} has ended: it is cancelled.",
    )
    await Evaluator(runtime).run(int(location.rpartition("/")[2]))
    assert (await client.get(location)).json()["metrics"] == []


async def test_the_history_is_filtered_sorted_and_paged(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await run(client, runtime, bucket="month")
    await run(client, runtime, **JANUARY, metrics=["mae"])
    search: dict[str, str | float] = {
        "kind": "quality",
        "model": "transit",
        "version": "1",
        "metric": "mae",
        "slice": "",
    }

    async def values(**more: str | float) -> list[tuple[str, JsonValue]]:
        response = await client.get("/evaluations/metrics", params=search | more)
        assert response.status_code == 200, response.text
        return [(one["bucket"], one["value"]) for one in response.json()["items"]]

    whole = sum([1.0] * 10 + [2.0] * 20) / 30
    assert await values() == [("", 1.0), ("", whole), ("2013-01", 1.0), ("2013-02", 2.0)]
    assert await values(sort="finished_at") == [("", whole), ("2013-01", 1.0), ("2013-02", 2.0), ("", 1.0)]
    assert await values(sort="-value") == [("2013-02", 2.0), ("", whole), ("2013-01", 1.0), ("", 1.0)]
    assert await values(bucket="2013-02") == [("2013-02", 2.0)]
    assert await values(at_least=1.5, at_most=1.9) == [("", whole)]
    assert await values(slice="carrier=AA") == [("", 1.0), ("", 1.75)]
    (first, *_) = (await client.get("/evaluations/metrics", params=search)).json()["items"]
    moment = datetime.fromisoformat(first["finished_at"])
    assert await values(finished_since=moment.isoformat()) == [("", 1.0)]
    assert len(await values(finished_until=moment.isoformat())) == 3
    assert await values(finished_since=(moment + timedelta(days=1)).isoformat()) == []

    page = (await client.get("/evaluations/metrics", params=search | {"limit": 3})).json()
    rest = await values(limit=3, cursor=page["next_cursor"])
    assert [(one["bucket"], one["value"]) for one in page["items"]] + rest == await values()


async def test_undefined_matches_no_threshold_and_sorts_last(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await run(client, runtime, metrics=["mae"], slices=[])
    await run(client, runtime, metrics=["mae"], slices=[], since="2020-01-01T00:00:00Z")

    async def values(**search: str | float) -> list[float | None]:
        response = await client.get("/evaluations/metrics", params=search)
        return [one["value"] for one in response.json()["items"]]

    defined = pytest.approx(5 / 3)
    assert await values(sort="value") == await values(sort="-value") == [defined, None]
    assert await values(at_least=-1e300) == await values(at_most=1e300) == [defined]


async def test_the_history_as_csv_is_the_same_page_by_page(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await run(client, runtime, bucket="month")
    found: list[dict[str, str]] = []
    cursor: dict[str, str | int] = {}
    while True:
        response = await client.get("/evaluations/metrics", params=cursor | {"format": "csv", "limit": 10})
        assert response.headers["content-type"].startswith("text/csv")
        found += csv.DictReader(response.text.splitlines())
        if "X-Next-Cursor" not in response.headers:
            break
        cursor = {"cursor": response.headers["X-Next-Cursor"]}
    expected = (await client.get("/evaluations/metrics", params={"limit": 1000})).json()["items"]
    assert len(found) == len(expected) == 30
    assert [row["metric"] for row in found] == [one["metric"] for one in expected]
    assert [float(row["value"]) for row in found if row["value"]] == [
        one["value"] for one in expected if one["value"] is not None
    ]


async def test_two_runs_are_compared_by_group_and_bucket(client: httpx.AsyncClient, runtime: Runtime) -> None:
    a = await run(client, runtime, bucket="month")
    async with runtime.database.transactions.begin() as session:
        await session.execute(text("update labels set value = to_jsonb((value #>> '{}')::float8 + 1.5)"))
    b = await run(client, runtime, bucket="month")
    response = await client.get("/evaluations/compare", params={"a": str(a["id"]), "b": str(b["id"])})
    assert response.status_code == 200, response.text
    found = response.json()
    assert (found["shared"], {one["bucket"] for one in found["metrics"]}) == (30, {"", "2013-01", "2013-02"})
    assert all(
        one["difference"] == 0 for one in found["metrics"] if one["metric"] == "mae"
    )  # the truths of b
    assert {one["slice"] for one in found["metrics"]} == {"", "carrier=AA", "carrier=UA", "origin=EWR"}


async def test_a_comparison_is_narrowed(client: httpx.AsyncClient, runtime: Runtime) -> None:
    ids = {name: str((await run(client, runtime))["id"]) for name in ("a", "b")}
    search: dict[str, str | list[str]] = {**ids, "metric": ["rmse", "mae"], "slice": ["carrier=AA", "origin"]}
    found = (await client.get("/evaluations/compare", params=search)).json()["metrics"]
    assert [(one["metric"], one["slice"]) for one in found] == [
        (metric, group) for group in ("", "carrier=AA", "origin=EWR") for metric in ("rmse", "mae")
    ]


async def test_what_cannot_be_compared(client: httpx.AsyncClient, runtime: Runtime) -> None:
    done = str((await run(client, runtime))["id"])
    waiting = (await ask(client)).rpartition("/")[2]
    drift = await run(client, runtime, kind="drift", reference=JANUARY)
    empty = await run(client, runtime, since="2020-01-01T00:00:00Z")

    async def answer(a: object, b: object) -> tuple[int, str]:
        response = await client.get("/evaluations/compare", params={"a": str(a), "b": str(b)})
        return response.status_code, response.json().get("detail", "")

    assert await answer(done, 99) == (404, "There is no evaluation 99.")
    assert await answer(done, waiting) == (
        409, f"The evaluation {waiting} is queued: only finished ones can be compared."
    )  # fmt: skip
    assert (await answer(done, drift["id"]))[0] == 409
    assert (await answer(done, "x"))[0] == 422
    assert (await client.get("/evaluations/compare")).status_code == 422
    nothing = (await client.get("/evaluations/compare", params={"a": done, "b": str(empty["id"])})).json()
    assert nothing["shared"] == 0
    assert {(one["verdict"], one["reason"]) for one in nothing["metrics"]} == {("undecided", "no rows")}
