"""HEAD wherever GET is, and one Allow for every path."""

import httpx
import pytest

from tests.api.documented import APP, OPERATIONS, each
from tests.support.app import client_of
from tests.support.documents import Operation
from tests.support.orders import order

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
FILES = ["/docs", "/openapi.json", "/health/live", "/health/ready", "/records", "/models", "/records/a"]


@pytest.mark.parametrize("path", FILES)
async def test_head_answers_as_get_does(client: httpx.AsyncClient, path: str) -> None:
    await client.put("/records/a", json=order())
    head, get = await client.head(path), await client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    differ = ("x-request-id",)
    assert {**head.headers} | dict.fromkeys(differ, "") == {**get.headers} | dict.fromkeys(differ, "")


async def test_head_keeps_what_was_asked(client: httpx.AsyncClient) -> None:
    tag = (await client.put("/records/a", json=order())).headers["ETag"]
    assert (await client.head("/records/a", headers={"If-None-Match": tag})).status_code == 304
    assert (await client.head("/records/none")).status_code == 404
    assert (await client.head("/records?limit=many")).status_code == 422
    assert (await client.head("/nowhere")).status_code == 404


async def test_what_a_refusal_names(client: httpx.AsyncClient) -> None:
    refused = await client.head("/predict")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
    assert (await client.patch("/predict")).headers["Allow"] == "POST"
    assert (await client.get("/predict")).json()["detail"] == "There is no route GET /predict."


@each
async def test_a_path_has_one_allow(operation: Operation) -> None:
    """Whatever method is refused; the application is not even running."""
    here = {one.method.upper() for one in OPERATIONS if one.url == operation.url}
    expected = here | ({"HEAD"} if "GET" in here else set())
    async with client_of(APP) as client:
        refused = [await client.request(method, operation.url) for method in ("OPTIONS", "TRACE", "PATCH")]
    assert {one.status_code for one in refused} == {405}
    [allow] = {one.headers["Allow"] for one in refused}
    assert expected <= set(allow.split(", ")) <= set(METHODS)
    if operation.path not in ("/records/import", "/evaluations/metrics", "/evaluations/compare"):
        assert set(allow.split(", ")) == expected | also_there(operation.path)


def also_there(path: str) -> set[str]:
    """What else a path is, read as one of a record or a run."""
    return {"GET", "HEAD"} if path == "/evaluations/import" else set()
