"""The schedule of a model's evaluations over HTTP."""

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue

from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, prepare

PATH = "/models/transit/evaluation-schedule"
DAILY: dict[str, JsonValue] = {"cron": "30 6 * * *", "window_days": 30, "bucket": "week", "metrics": ["mae"]}


@pytest.fixture(autouse=True)
async def _model(app: FastAPI, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    await prepare(app.state.runtime.predictor)


async def test_a_schedule_is_set_replaced_looked_at_and_removed(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).status_code == 404
    put = await client.put(PATH, json=DAILY)
    assert put.status_code == 200, put.text
    schedule = put.json()
    assert DAILY.items() <= schedule.items()
    assert (schedule["model"], schedule["version"], schedule["error"]) == ("transit", None, None)
    assert schedule["next_run"].endswith("T06:30:00Z")
    assert (await client.get(PATH)).json() == schedule
    replaced = (await client.put(PATH, json={"cron": "0 0 1 * *"})).json()
    assert (replaced["window_days"], replaced["metrics"]) == (None, None)
    assert replaced["next_run"].endswith("-01T00:00:00Z")
    assert (await client.delete(PATH)).status_code == 204
    assert (await client.get(PATH)).status_code == 404
    assert (await client.delete(PATH)).status_code == 404


async def test_of_an_unknown_model_or_version_there_is_none(client: httpx.AsyncClient) -> None:
    other = await client.put("/models/other/evaluation-schedule", json=DAILY)
    assert (other.status_code, "transit" in other.json()["detail"]) == (404, True)
    assert (await client.get("/models/other/evaluation-schedule")).status_code == 404
    version = await client.put(PATH, json=DAILY | {"version": "9"})
    assert (version.status_code, "'9'" in version.json()["detail"]) == (404, True)
