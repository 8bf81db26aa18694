"""What a tenant writes is its own, and it is told what it may write."""

import json
from typing import cast

import httpx
import pytest
from pydantic import JsonValue
from sqlalchemy import text

from app.services.access.keys import NewKey
from app.services.jobs.results import read
from tests.support.orders import order
from tests.support.tenants import Tenants, done, header, work

PREFIX_NEEDED = "This key may write records whose ids begin with 'ours-'."


async def test_a_record_outside_the_prefix_is_refused_by_the_prefix(tenants: Tenants) -> None:
    client, key = tenants.client, tenants.ours
    record: JsonValue = {"id": "canaryb-1", "input": order()}
    own: JsonValue = {"id": "ours-9", "input": order()}
    answers = [
        await client.put("/records/canaryb-1", headers=key, json=order()),
        await client.put("/records/nobodys", headers=key, json=order()),
        await client.put("/records/our", headers={**key, "If-None-Match": "*"}, json=order()),
        await client.post("/records", headers=key, json=record),
        await client.post("/records", headers=key, json=[own, record]),
    ]
    assert [(one.status_code, one.json()["detail"]) for one in answers] == [(403, PREFIX_NEEDED)] * 5
    assert (await client.get("/records/ours-9", headers=key)).status_code == 404


@pytest.mark.parametrize("kind", ["x-ndjson", "csv"])
async def test_a_line_of_an_import_that_is_anothers_is_that_lines_fault(tenants: Tenants, kind: str) -> None:
    ids = ["ours-8", "canaryb-1", " canaryb-2"]
    if kind == "csv":
        names = [*order()]
        rows = [",".join([record_id, *map(str, order().values())]) for record_id in ids]
        body = "\n".join([",".join(["id", *names]), *rows])
    else:
        body = "\n".join(json.dumps({"id": record_id, "input": order()}) for record_id in ids)
    headers = {**tenants.ours, "Content-Type": f"{'text' if kind == 'csv' else 'application'}/{kind}"}
    said = "must begin with 'ours-', as ids of all records do that this key may write"
    refused = await tenants.client.post("/records/import", headers=headers, content=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["message"] == said
    answer = await tenants.client.post("/records/import?skip_bad=true", headers=headers, content=body)
    report = answer.json()
    assert (report["created"], report["skipped"]) == (1, 2)
    assert (report["errors"][0]["field"], report["errors"][0]["message"]) == ("id", said)


async def test_an_inline_input_is_stored_within_the_prefix(tenants: Tenants) -> None:
    body: JsonValue = {"inputs": [order(3.5)], "model": "ours"}
    answer = await tenants.client.post("/predict", headers=tenants.ours, json=body)
    [item] = answer.json()["items"]
    assert item["record_id"] == f"ours-inline-{item['content_hash']}"


async def test_two_may_use_one_idempotency_key(tenants: Tenants) -> None:
    """Each for what it asks, and both of one tenant's keys for the same."""
    new = NewKey("ours-too", ["predict"], models=["ours", "shared"], record_prefix="ours-")
    again = await header(tenants.app.state.runtime, new)
    body: JsonValue = {"all": True, "model": "shared"}
    answers = [
        await tenants.client.post("/prediction-jobs", headers={**key, "Idempotency-Key": "k"}, json=body)
        for key in (tenants.ours, tenants.theirs, again)
    ]
    assert [one.status_code for one in answers] == [202] * 3
    first, second, third = [one.json()["id"] for one in answers]
    assert first == third != second


async def test_a_worker_does_all_of_the_asker_and_no_more(tenants: Tenants) -> None:
    ids: list[JsonValue] = ["ours-1", "canaryb-1", "nobody"]
    wanted: list[dict[str, JsonValue]] = [{"all": True}, {"ids": ids}]
    jobs = [
        await done(tenants.client, tenants.ours, "POST", "/prediction-jobs", json={**one, "model": "shared"})
        for one in wanted
    ]
    await work(tenants.app.state.runtime)
    everything, some = [await results(tenants, job) for job in jobs]
    assert sorted(everything) == ["ours-1", "ours-2", next(one for one in everything if "inline" in one)]
    assert some == {"canaryb-1": "not-found", "nobody": "not-found", "ours-1": None}


async def test_what_a_worker_that_knows_no_tenants_predicts_is_not_told(tenants: Tenants) -> None:
    """One of the release before, while both run; whoever owns the tables is behind no wall of Postgres."""
    ids: list[JsonValue] = ["ours-1", "canaryb-1"]
    asked: JsonValue = {"ids": ids, "model": "shared"}
    job = await done(tenants.client, tenants.ours, "POST", "/prediction-jobs", json=asked)
    runtime = tenants.app.state.runtime
    async with runtime.database.transactions.begin() as session:
        await session.execute(text("update prediction_jobs set record_prefix = '' where state = 'queued'"))
    await work(tenants.app.state.runtime)
    async with runtime.database.transactions.begin() as session:
        await session.execute(text("update prediction_jobs set record_prefix = 'ours-' where id > 990000000"))
    assert isinstance(job, dict)
    told = [part async for part in await read(runtime.sessions, cast(int, job["id"]), "ndjson")]
    assert {line["record_id"]: line["error"] for line in map(json.loads, "".join(told).splitlines())} == {
        "canaryb-1": "not-kept",
        "ours-1": None,
    }


async def results(tenants: Tenants, job: JsonValue) -> dict[str, str | None]:
    assert isinstance(job, dict)
    path = f"/prediction-jobs/{job['id']}/results"
    answer: httpx.Response = await tenants.client.get(path, headers=tenants.ours)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    return {line["record_id"]: line["error"] for line in lines}


async def test_who_is_bound_to_models_registers_no_other(tenants: Tenants) -> None:
    version: JsonValue = {"version": "2", "backend": "sagemaker", "options": {"endpoint_name": "e"}}
    for model in ("hiddenmodel", "new"):
        answer = await tenants.client.post(
            f"/models/{model}/versions", headers=tenants.bound_admin, json=version
        )
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            "This key is bound to the models ours, shared.",
        )
    body: JsonValue = {"prefix": "evaluations"}
    answer = await tenants.client.post("/evaluations/import", headers=tenants.bound_admin, json=body)
    assert answer.status_code in (403, 503)


async def test_who_is_bound_to_models_is_not_told_who_did_what_to_others(tenants: Tenants) -> None:
    answer = await tenants.client.get("/audit", headers=tenants.bound_admin)
    assert (answer.status_code, answer.json().get("items")) == (403, None)
