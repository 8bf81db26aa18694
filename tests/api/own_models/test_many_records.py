"""Jobs and evaluations are of one model each, and of the records that are its own."""

import json

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import text

from app.services.evaluations.evaluator import Evaluator
from app.services.jobs import chunks
from tests.support.jobs import queued
from tests.support.own_models import OF_AA, register_one, store_of


@pytest.fixture(autouse=True)
async def _records(client: httpx.AsyncClient) -> None:
    for name in ("transit", OF_AA):
        await register_one(client, name)
    await store_of(client, {"a1": "AA", "a2": "AA", "dl": "DL", "ua": "UA"})


async def job(client: httpx.AsyncClient, app: FastAPI, **request: JsonValue) -> list[str]:
    """The records of a job that has been worked on."""
    asked = await client.post("/prediction-jobs", json=request)
    assert asked.status_code == 202, asked.text
    for chunk_id in await queued(app.state.runtime.sessions):
        await chunks.run(app.state.runtime, chunk_id)
    results = await client.get(f"/prediction-jobs/{asked.json()['id']}/results")
    found = [json.loads(line) for line in results.text.splitlines()]
    assert {one["model"] for one in found} <= {request["model"]}
    return [one["record_id"] for one in found]


async def test_a_job_is_of_the_records_of_its_model(client: httpx.AsyncClient, app: FastAPI) -> None:
    assert await job(client, app, model=OF_AA, all=True) == ["a1", "a2"]
    assert await job(client, app, model="transit", all=True) == ["ua"]
    assert await job(client, app, model=OF_AA, where={"carrier": "UA"}) == []
    assert await job(client, app, model="transit", ids=["a1", "ua"]) == ["a1", "ua"]


@pytest.mark.parametrize("path", ["/prediction-jobs", "/evaluations"])
async def test_many_records_without_a_model_are_refused(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, json={"all": True} if "jobs" in path else {})
    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [
            {
                "field": "model",
                "message": "name one: records have models of their own, and this is done with one",
            }
        ],
    )


async def test_an_evaluation_judges_the_records_of_its_model(client: httpx.AsyncClient, app: FastAPI) -> None:
    for name in ("a1", "a2", "dl", "ua"):
        assert (await client.put(f"/records/{name}/label", json={"value": 1.0})).status_code in (200, 201)
    counts = {}
    for model in (OF_AA, "transit"):
        asked = await client.post("/evaluations", json={"model": model})
        assert asked.status_code == 202, asked.text
        await Evaluator(app.state.runtime).run(asked.json()["id"])
        ended = (await client.get(f"/evaluations/{asked.json()['id']}")).json()
        counts[model] = (ended["state"], ended["records"], ended["predicted"])
    assert counts == {OF_AA: ("done", 2, 2), "transit": ("done", 1, 1)}
    async with app.state.runtime.sessions() as session:
        used = await session.execute(text("select record_id from evaluation_items order by 1"))
        assert list(used.scalars()) == ["a1", "a2", "ua"]
