"""Versions that cannot be registered."""

import httpx
import pytest
from pydantic import JsonValue

VERSION: dict[str, JsonValue] = {
    "version": "2",
    "backend": "sagemaker",
    "options": {"endpoint_name": "transit"},
}


pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"backend": "sagemakr"}, "backend"),
        ({"options": {}}, "options.endpoint_name"),
        ({"options": {"endpoint_name": "bad_name"}}, "options.endpoint_name"),
        ({"options": {"endpoint_name": "e", "endpont_url": "x"}}, "options.endpont_url"),
        ({"features": ["minute_of_day", "minute"]}, "features[1]"),
        ({"version": "a b"}, "version"),
        ({"version": "a\0"}, "b.version"),
        ({"secret": "x"}, "secret"),
    ],
)
async def test_what_does_not_fit_is_named_and_nothing_is_registered(
    client: httpx.AsyncClient, changes: dict[str, JsonValue], field: str
) -> None:
    answer = await client.post("/models/transit/versions", json=VERSION | changes)
    assert answer.status_code == 422
    named = [fault["field"] for fault in answer.json().get("errors") or []]
    assert field in named or "U+0000" in answer.json()["detail"]
