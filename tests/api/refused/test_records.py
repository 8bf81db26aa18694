"""Ids, bodies, labels and lists that cannot be."""

from urllib.parse import quote

import httpx
import pytest
from pydantic import JsonValue

from tests.support.orders import order

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    "record_id",
    [
        *("x" * 201, "x" * 5000, "a\0b", "\r", "\x7f"),
        *(record_id for record_id in ("a\nb", "a\n")),
    ],
)
async def test_no_id(client: httpx.AsyncClient, record_id: str) -> None:
    path = f"/records/{quote(record_id, safe='')}"
    for response in [
        await client.put(path, json=order()),
        await client.get(path),
        await client.delete(path),
        await client.put(path + "/label", json={"value": 1}),
    ]:
        assert response.status_code == 422, response.text
        assert response.headers["content-type"] == "application/problem+json"
        assert [fault["field"] for fault in response.json()["errors"]] == ["record_id"]


@pytest.mark.parametrize(
    "query", ["cursor=%21", "cursor=a", "cursor=_w", "cursor=AA", "limit=0", "limit=1001", "prefix=%00"]
)
async def test_bad_list_parameters(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/records?{query}")
    assert response.status_code == 422
    assert query.partition("=")[0] in response.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"value": "NA"}, "value"),
        ({"value": None}, "value"),
        ({"value": "nan"}, "value"),
        ({}, "value"),
        ({"value": 1, "observed_at": "2024-01-01T00:00:00"}, "observed_at"),
        ({"value": 1, "observed_at": "0001-01-01T00:00:00+05:00"}, "observed_at"),
        ({"value": 1, "observed_at": "2024-01-01"}, "observed_at"),
        ({"value": 1, "observed": 1}, "observed"),
    ],
)
async def test_bad_labels(client: httpx.AsyncClient, body: dict[str, JsonValue], field: str) -> None:
    response = await client.put("/records/a/label", json=body)
    assert response.status_code == 422
    assert field in response.text
    assert (await client.get("/records/a")).json()["label"] is None


BAD_BODIES = [
    *(b"", b"{", b"[]", b"3", b"null", b'"x"', b"\xff", b'{"carrier": NaN}', b'{"carrier": 1e999}'),
    *(b'{"carrier": "a\\u0000"}', b'{"a\\u0000": 1}', b'{"carrier": "\\ud800"}', b"[" * 100_000),
]


@pytest.mark.parametrize("body", BAD_BODIES)
async def test_bad_bodies(client: httpx.AsyncClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    for response in [
        await client.put("/records/a", content=body, headers=headers),
        await client.put("/records/a/label", content=body, headers=headers),
    ]:
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"
    posted = await client.post("/records", content=body, headers=headers)
    assert posted.status_code == (200 if body == b"[]" else 422)
