"""The first and the last moments that there are, through labels and windows."""

import httpx
import pytest

from tests.support.orders import order

FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize("at", [FIRST, "9999-12-31T00:00:00Z", LAST])
async def test_a_label_keeps_its_time_and_zone(client: httpx.AsyncClient, at: str) -> None:
    await client.put("/records/a", json=order())
    put = await client.put("/records/a/label", json={"value": 1, "observed_at": at})
    assert put.json() == {"value": 1.0, "observed_at": at}
    assert (await client.get("/records/a")).json()["label"] == put.json()


BEFORE, AFTER = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"
NO_YEAR = "must lie in the years 1 to 9999 in UTC"
NO_OFFSET = "must have an offset of less than 16 hours"


@pytest.mark.parametrize(
    ("at", "said"),
    [(BEFORE, NO_YEAR), (AFTER, NO_YEAR), ("2024-01-01T00:00:00+23:00", NO_OFFSET)],
)
async def test_a_moment_that_cannot_be_read_again_is_refused(
    client: httpx.AsyncClient, at: str, said: str
) -> None:
    input_ = order(scheduled_at=at)
    put = await client.put("/records/a", json=input_)
    assert put.status_code == 422
    assert [(one["field"], one["message"]) for one in put.json()["errors"]] == [("scheduled_at", said)]
    imported = await client.post(
        "/records/import?format=csv",
        content="id," + ",".join(input_) + "\na," + ",".join(str(one) for one in input_.values()),
    )
    assert [one["field"] for one in imported.json()["errors"]] == ["line 2: scheduled_at"]
    asked = await client.post("/evaluations", json={"where": {"scheduled_at": at}})
    assert [one["field"] for one in asked.json()["errors"]] == ["where.scheduled_at"]


@pytest.mark.parametrize("at", [BEFORE, AFTER])
async def test_a_label_has_no_such_moment_either(client: httpx.AsyncClient, at: str) -> None:
    await client.put("/records/a", json=order())
    put = await client.put("/records/a/label", json={"value": 1, "observed_at": at})
    assert [(one["field"], one["message"]) for one in put.json()["errors"]] == [("observed_at", NO_YEAR)]
