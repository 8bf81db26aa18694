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


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"cron": "every day"}, "cron", "five cron fields"),
        ({"cron": "0 6 31 2 *"}, "cron", "never"),
        ({"cron": "0 6 * * 1\0"}, "cron", ""),
        ({"window_days": 0}, "window_days", "greater than or equal to 1"),
        ({"window_days": 36_501}, "window_days", "less than or equal to"),
        ({"metrics": ["auc"]}, "metrics", "mae"),
        ({"slices": ["colour"]}, "slices", "colour"),
        ({"where": {"colour": 1}}, "where", "colour"),
        ({"bucket": "year"}, "bucket", "month"),
        ({"since": "2013-01-01T00:00:00Z"}, "since", ""),
    ],
)
async def test_what_does_not_fit_is_named_and_nothing_is_kept(
    client: httpx.AsyncClient, changes: dict[str, JsonValue], field: str, said: str
) -> None:
    answer = await client.put(PATH, json=DAILY | changes)
    assert answer.status_code == 422, answer.text
    if field not in answer.json()["detail"]:
        assert field in {fault["field"].split(".")[0] for fault in answer.json()["errors"]}
    assert said in answer.text
    assert (await client.get(PATH)).status_code == 404


async def test_of_an_unknown_model_or_version_there_is_none(client: httpx.AsyncClient) -> None:
    other = await client.put("/models/other/evaluation-schedule", json=DAILY)
    assert (other.status_code, "transit" in other.json()["detail"]) == (404, True)
    assert (await client.get("/models/other/evaluation-schedule")).status_code == 404
    version = await client.put(PATH, json=DAILY | {"version": "9"})
    assert (version.status_code, "'9'" in version.json()["detail"]) == (404, True)
