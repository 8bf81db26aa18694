"""Prediction jobs over HTTP."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence

import httpx
import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from app.db.engine import Sessions
from app.db.jobs import chunks as rows
from app.db.jobs import jobs as job_rows
from app.main import create_app
from app.services.jobs import chunks
from app.services.runtime import open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.jobs import queued
from tests.support.orders import answer_ten_times, order, register, store
from tests.support.server import serving


@pytest.fixture(autouse=True)
async def _orders(aws: AwsStub, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A live model, seven orders, and chunks of three."""
    aws.respond = answer_ten_times
    monkeypatch.setattr(job_rows, "RECORDS_PER_CHUNK", 3)
    await register(client)
    await store(client, {f"r{index}": float(index) for index in range(5)})
    late = [
        {"id": f"late{index}", "input": order(1.0, carrier="AA", scheduled_at=f"2013-0{index}-01T00:00:00Z")}
        for index in (2, 3)
    ]
    assert (await client.post("/records", json=late)).status_code == 200


async def ask(client: httpx.AsyncClient, **request: JsonValue) -> dict[str, JsonValue]:
    response = await client.post("/prediction-jobs", json={"model": "transit"} | request)
    assert response.status_code == 202, response.text
    job: dict[str, JsonValue] = response.json()
    assert response.headers["Location"] == f"/prediction-jobs/{job['id']}"
    return job


async def work(settings: Settings, sessions: Sessions, chunk_ids: Sequence[int] | None = None) -> None:
    """What a worker would do."""
    async with open_runtime(settings) as runtime:
        for chunk_id in await queued(sessions) if chunk_ids is None else chunk_ids:
            await chunks.run(runtime, chunk_id)


async def look(client: httpx.AsyncClient, job: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    response = await client.get(f"/prediction-jobs/{job['id']}")
    assert response.status_code == 200
    found: dict[str, JsonValue] = response.json()
    return found


async def test_a_job_from_the_question_to_its_results(
    client: httpx.AsyncClient, settings: Settings, sessions: Sessions
) -> None:
    job = await ask(client, all=True)
    assert (job["state"], job["model"], job["version"], job["records"]) == ("queued", "transit", "1", 7)
    assert job["request"] == {
        "all": True,
        "where": None,
        "since": None,
        "until": None,
        "time_field": None,
        "store_as": None,
    }
    early = await client.get(f"/prediction-jobs/{job['id']}/results")
    assert (early.status_code, early.json()["type"].rpartition(":")[2]) == (409, "conflict")
    await work(settings, sessions)
    done = await look(client, job)
    assert (done["state"], done["predicted"], done["failed"], done["seconds_left"]) == ("done", 7, 0, None)
    results = await client.get(f"/prediction-jobs/{job['id']}/results")
    assert results.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in results.text.splitlines()]
    assert [line["record_id"] for line in lines] == ["late2", "late3", "r0", "r1", "r2", "r3", "r4"]
    assert [line["prediction"] for line in lines] == [10, 10, 0, 10, 20, 30, 40]
    table = await client.get(f"/prediction-jobs/{job['id']}/results", params={"format": "csv"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(table.text.splitlines()) == 8


@pytest.mark.parametrize(
    ("chosen", "records"),
    [
        ({"all": True}, 7),
        ({"ids": ["r0", "r1", "r0", "none"]}, 3),
        ({"ids": []}, 0),
        ({"where": {"carrier": "AA"}}, 2),
        ({"where": {"carrier": "XX"}}, 0),
        ({"where": {"origin_lat": 40.6925, "carrier": "UA"}}, 5),
        ({"since": "2013-02-01T00:00:00Z"}, 2),
        ({"since": "2013-02-01T00:00:01Z"}, 1),
        ({"until": "2013-03-01T05:30:00+05:30", "where": {"carrier": "AA"}}, 1),
        ({"since": "2013-01-01T00:00:00Z", "time_field": "observed_at"}, 1),
    ],
)
async def test_which_records(client: httpx.AsyncClient, chosen: dict[str, JsonValue], records: int) -> None:
    labelled = await client.put("/records/r1/label", json={"value": 1, "observed_at": "2013-05-01T00:00:00Z"})
    assert labelled.status_code in (200, 201)
    job = await ask(client, **chosen)
    assert (job["records"], job["state"]) == (records, "queued" if records else "done")


async def test_the_model_has_no_live_version(client: httpx.AsyncClient) -> None:
    body = {"version": "1", "backend": "sagemaker", "options": {"endpoint_name": "x"}}
    assert (await client.post("/models/idle/versions", json=body)).status_code == 201
    response = await client.post("/prediction-jobs", json={"model": "idle", "all": True})
    assert response.status_code == 409
    assert (await ask(client, model="idle", version="1", all=True))["version"] == "1"


async def test_a_promotion_does_not_change_a_job(
    client: httpx.AsyncClient, settings: Settings, sessions: Sessions
) -> None:
    job = await ask(client, ids=["r1"])
    await register(client, "2")
    await work(settings, sessions)
    results = await client.get(f"/prediction-jobs/{job['id']}/results")
    assert results.json()["version"] == "1"


async def test_pages_of_jobs(client: httpx.AsyncClient) -> None:
    made = [(await ask(client, ids=[f"r{index}"]))["id"] for index in range(5)]
    seen: list[JsonValue] = []
    cursor: dict[str, str | int] = {"limit": 2}
    for _ in range(3):
        page = (await client.get("/prediction-jobs", params=cursor)).json()
        seen += [job["id"] for job in page["items"]]
        last = cursor["cursor"] = page["next_cursor"]
    assert seen == made[::-1]
    assert last is None
    for bad in ({"cursor": "-1"}, {"cursor": "x"}, {"cursor": "9" * 19}, {"limit": 0}):
        assert (await client.get("/prediction-jobs", params=bad)).status_code == 422


async def test_cancel_and_resume(
    client: httpx.AsyncClient, settings: Settings, sessions: Sessions, aws: AwsStub
) -> None:
    job = await ask(client, all=True)
    path = f"/prediction-jobs/{job['id']}"
    first, *others = await queued(sessions)
    await work(settings, sessions, [first])
    running = await look(client, job)
    assert (running["state"], running["predicted"]) == ("running", 3)
    assert isinstance(running["records_per_second"], float)
    assert isinstance(running["seconds_left"], float)
    assert (await client.post(f"{path}/resume")).status_code == 409
    cancelled = await client.post(f"{path}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert cancelled.json() == await look(client, job)
    assert (await client.post(f"{path}/cancel")).status_code == 409
    await work(settings, sessions, others)
    assert (await look(client, job))["predicted"] == 3
    lines = (await client.get(f"{path}/results")).text.splitlines()
    assert [json.loads(line)["error"] for line in lines] == [None] * 3 + ["not-predicted"] * 4
    resumed = await client.post(f"{path}/resume")
    assert (resumed.status_code, resumed.json()["state"]) == (202, "queued")
    await work(settings, sessions, others)
    done = await look(client, job)
    assert (done["state"], done["predicted"], done["hits"]) == ("done", 7, 0)
    assert (await client.post(f"{path}/resume")).status_code == 409


@pytest.fixture
async def address(settings: Settings) -> AsyncIterator[str]:
    """The service under a real server."""
    with serving(create_app(settings)) as address:
        yield address


async def test_a_failure_in_the_middle_of_the_results_breaks_the_transfer(
    client: httpx.AsyncClient,
    address: str,
    settings: Settings,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = await ask(client, all=True)
    await work(settings, sessions)
    items = rows.items

    async def lost(*arguments: object) -> list[rows.ChunkRecord]:
        if arguments[-1] == 1:
            raise ConnectionResetError
        return await items(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rows, "items", lost)
    url = f"{address}/prediction-jobs/{job['id']}/results"
    async with httpx.AsyncClient(trust_env=False) as caller:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            await caller.get(url)
        monkeypatch.setattr(rows, "items", items)
        assert len((await caller.get(url)).text.splitlines()) == 7
