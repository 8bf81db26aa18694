"""Prediction jobs that cannot be."""

import json

import httpx
import pytest
from pydantic import JsonValue

pytestmark = pytest.mark.asyncio(loop_scope="session")


FILTER = "give exactly one of ids, all, or a filter"


@pytest.mark.parametrize(
    ("body", "status", "field", "said"),
    [
        ({}, 422, "body", FILTER),
        ({"ids": ["a"], "all": True}, 422, "body", FILTER),
        ({"all": True, "where": {"carrier": "UA"}}, 422, "body", FILTER),
        ({"ids": ["a"], "since": "2013-01-01T00:00:00Z"}, 422, "body", FILTER),
        ({"all": False}, 422, "all", "True"),
        ({"where": {}}, 422, "where", "at least 1"),
        ({"where": {"carier": 1}}, 422, "where", "there is no 'carier'; there is carrier, destination"),
        ({"where": {"carrier": "a\0"}}, 422, "where.carrier", "U+0000"),
        ({"where": {"carrier\0": "a"}}, 422, "where", "U+0000"),
        ({"where": {"carrier": "\ud800"}}, 422, "where.carrier", "surrogate"),
        ({"where": {"origin_lat": 10**400}}, 422, "where.origin_lat", "308 digits"),
        ({"ids": ["a", "b" * 201]}, 422, "ids[1]", "1 to 200 characters"),
        ({"ids": ["a\0"]}, 422, "ids[0]", "U+0000"),
        ({"ids": ["a\n"]}, 422, "ids[0]", "control characters"),
        ({"ids": [""]}, 422, "ids[0]", "1 to 200 characters"),
        ({"ids": [1]}, 422, "ids[0]", "string"),
        ({"ids": "a"}, 422, "ids", "list"),
        ({"since": "2013-01-01T00:00:00"}, 422, "since", "timezone"),
        ({"since": "2013-02-01T00:00:00Z", "until": "2013-02-01T00:00:00Z"}, 422, "body", "empty"),
        ({"all": True, "time_field": "scheduled_at"}, 422, "body", "since or until"),
        ({"since": "2013-02-01T00:00:00Z", "time_field": "carrier"}, 422, "time_field", "observed_at, sched"),
        ({"all": True, "refresh": True}, 422, "refresh", "not permitted"),
        ({"all": True, "engine": "spark"}, 422, "engine", "'pipeline' or 'sagemaker-batch-transform'"),
        ({"all": True, "engine": "sagemaker-batch-transform"}, 422, "engine", "STORAGE_URL is not set"),
        ({"all": True, "store_as": "csv"}, 422, "store_as", "STORAGE_URL is not set"),
        ({"all": True, "store_as": "parquet"}, 422, "store_as", "'ndjson' or 'csv'"),
        ({"all": True, "model": "a/b"}, 422, "model", "begin and end with a letter or digit"),
        ({"all": True, "model": None}, 422, "model", "DEFAULT_MODEL"),
        ({"all": True, "model": "none"}, 404, None, "There is no model 'none'."),
        ({"all": True, "version": "9"}, 404, None, "has no version '9'"),
    ],
)
async def test_bad_input(
    client: httpx.AsyncClient, body: dict[str, JsonValue], status: int, field: str | None, said: str
) -> None:
    content = json.dumps({"model": "transit"} | body)
    response = await client.post(
        "/prediction-jobs", content=content, headers={"Content-Type": "application/json"}
    )
    problem = response.json()
    assert response.status_code == status, problem
    faults = {fault["field"]: fault["message"] for fault in problem.get("errors", [])}
    assert said in (faults[field] if field else problem["detail"])


@pytest.mark.parametrize("path", ["", "/results", "/resume"])
async def test_a_job_that_there_is_not(client: httpx.AsyncClient, path: str) -> None:
    method = "POST" if path == "/resume" else "GET"
    assert (await client.request(method, f"/prediction-jobs/99{path}")).status_code == 404
    assert (await client.request(method, f"/prediction-jobs/0{path}")).status_code == 422
    assert (await client.request(method, f"/prediction-jobs/{2**63}{path}")).status_code == 422
    assert (await client.post("/prediction-jobs/99/cancel")).status_code == 404
