"""A body where a route takes none: passed over in silence, it would answer what was not asked."""

import httpx
import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from tests.support.app import client_of, running_app


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "/predict/a", {"version": "1"}),
        ("POST", "/predict/a?version=2", {"refresh": True}),
        ("POST", "/models/transit/rollback", {"version": "1"}),
        ("POST", "/evaluations/1/cancel", {"reason": "slow"}),
        ("POST", "/prediction-jobs/1/resume", [1]),
        ("DELETE", "/records/a", {"if_match": "x"}),
        ("GET", "/records", {"limit": 1}),
    ],
)
async def test_it_is_refused(client: httpx.AsyncClient, method: str, url: str, body: JsonValue) -> None:
    response = await client.request(method, url, json=body)
    assert response.status_code == 422
    (fault,) = response.json()["errors"]
    assert fault["field"] == "body"
    assert fault["message"].startswith("this request takes none")
    if "predict/" in url:
        assert fault["message"].endswith("; in the URL there is explain, model, refresh, version")


@pytest.mark.parametrize("content", [b"", b" \n", b"{}", b" {} ", b"null"])
async def test_one_that_says_nothing_is_none(client: httpx.AsyncClient, content: bytes) -> None:
    assert (await client.post("/models/none/rollback", content=content)).status_code == 404


async def test_a_large_one_is_not_read(settings: Settings) -> None:
    small = settings.model_copy(update={"max_body_bytes": 1024})
    async with running_app(small) as app, client_of(app) as client:
        assert (await client.post("/predict/a", content=b" " * 1025)).status_code == 413
