"""Predictions that cannot be, and searches for them."""

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "body"),
        ({"record_ids": ["a"], "inputs": []}, "body"),
        ({"record_ids": "a"}, "record_ids"),
        ({"record_ids": ["a"] * 1001}, "record_ids"),
        ({"ids": ["a"]}, "ids"),
        ({"record_ids": ["a"], "model": "a/b"}, "model"),
        ({"record_ids": ["a"], "version": "\0"}, "version"),
        ({"record_ids": ["a"], "refresh": "perhaps"}, "refresh"),
    ],
)
async def test_a_body_that_does_not_fit_is_named(
    client: httpx.AsyncClient, body: dict[str, object], named: str
) -> None:
    answer = await client.post("/predict", json=body)
    assert answer.status_code == 422
    assert any(named in error["field"] for error in answer.json()["errors"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/predict/nobody?model=transit", 404),
        ("/predict/a?model=unknown", 404),
        ("/predict/a?model=transit&version=9", 404),
        ("/predict/a?model=b%00d", 422),
        ("/predict/..%00?model=transit", 422),
        (f"/predict/{'x' * 201}?model=transit", 422),
    ],
)
async def test_unknown_things_are_problems(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.post(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=-1",
        "limit=0",
        "computed_since=2026-01-01T00:00:00",
        "computed_until=9999-12-31T23:59:59-14:00",
        "since=2026-01-01T00:00:00Z",
        "record_id=a%00",
        "model=%00",
    ],
)
async def test_a_search_that_does_not_fit_is_a_422(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/predictions?{query}")).status_code == 422
