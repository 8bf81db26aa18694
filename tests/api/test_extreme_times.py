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
