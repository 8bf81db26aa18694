"""Schedules that cannot be."""

import httpx
import pytest
from pydantic import JsonValue

PATH = "/models/transit/evaluation-schedule"
DAILY: dict[str, JsonValue] = {"cron": "30 6 * * *", "window_days": 30, "bucket": "week", "metrics": ["mae"]}


pytestmark = pytest.mark.asyncio(loop_scope="session")


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
