"""A body's media type, charset and coding are named when they are the fault, and what would be taken."""

import json

import httpx
import pytest

from tests.api.documented import APP, each_strict
from tests.support.app import client_of
from tests.support.documents import Operation, content, names_in
from tests.support.orders import order

JSON = b'{"value": 1}'


@pytest.mark.parametrize(
    "kind",
    [
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"),
        *(
            "application/jsonx",
            "json",
            "application/json; charset=latin-1",
            "application/json;charset=utf-16",
        ),
        *("text/csv", "image/png", ";"),
    ],
)
async def test_another_media_type_or_charset(client: httpx.AsyncClient, kind: str) -> None:
    for method, url in (("PUT", "/records/a/label"), ("POST", "/records"), ("POST", "/predict")):
        response = await client.request(method, url, content=JSON, headers={"Content-Type": kind})
        assert response.status_code == 415
        assert response.json()["type"].endswith(":unsupported-media-type")
        [fault] = response.json()["errors"]
        assert fault["field"] == "Content-Type"
        if "charset" not in kind:
            assert response.headers["Accept"] == "application/json"
            assert "application/json" in fault["message"]


async def test_none_at_all(client: httpx.AsyncClient) -> None:
    response = await client.put("/records/a/label", content=JSON)
    assert response.status_code == 415
    assert response.json()["errors"][0]["message"] == "must be application/json; it is missing"


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", "application/merge+json"]
)
async def test_json_by_its_names(client: httpx.AsyncClient, kind: str) -> None:
    response = await client.put("/records/a/label", content=JSON, headers={"Content-Type": kind})
    assert response.status_code == 404  # there is no such record: the body was read


BODIES = [
    ("PUT", "/records/a", "application/json"),
    ("POST", "/records", "application/json"),
    ("POST", "/records/import", "text/csv"),
]


@pytest.mark.parametrize("coding", ["gzip, chunked", "deflate", "x"])
@pytest.mark.parametrize(("method", "url", "kind"), BODIES)
async def test_a_coding_of_the_transfer(
    client: httpx.AsyncClient, method: str, url: str, kind: str, coding: str
) -> None:
    """A server may undo the chunks and hand on what is compressed."""
    headers = {"Content-Type": kind, "Transfer-Encoding": coding}
    response = await client.request(method, url, content=b"\x1f\x8b", headers=headers)
    assert response.status_code == 415
    assert response.json()["errors"][0]["field"] == "Transfer-Encoding"


async def test_chunks_are_taken(client: httpx.AsyncClient) -> None:
    headers = {"Transfer-Encoding": "Chunked"}
    assert (await client.put("/records/a", json=order(), headers=headers)).status_code == 201


@pytest.mark.parametrize("span", ["bytes 0-2/3", "bytes 3-5/9", "x"])
@pytest.mark.parametrize(("method", "url", "kind"), BODIES)
async def test_a_part_is_not_taken_for_the_whole(
    client: httpx.AsyncClient, method: str, url: str, kind: str, span: str
) -> None:
    headers = {"Content-Type": kind, "Content-Range": span}
    response = await client.request(method, url, content=json.dumps(order()), headers=headers)
    assert (response.status_code, response.json()["type"].split(":")[-1]) == (400, "bad-request")
    assert response.json()["errors"][0]["field"] == "Content-Range"
    assert (await client.get("/records/a")).status_code == 404


@pytest.mark.parametrize("coding", ["gzip", "identity, br", "deflate", "x"])
@pytest.mark.parametrize(("method", "url", "kind"), BODIES)
async def test_a_coding(client: httpx.AsyncClient, method: str, url: str, kind: str, coding: str) -> None:
    headers = {"Content-Type": kind, "Content-Encoding": coding}
    response = await client.request(method, url, content=b"\x1f\x8b", headers=headers)
    assert response.status_code == 415
    assert response.headers["Accept-Encoding"] == "identity"
    assert response.json()["errors"][0]["field"] == "Content-Encoding"


async def test_a_coding_that_is_none(client: httpx.AsyncClient) -> None:
    headers = {"Content-Encoding": "identity"}
    assert (await client.put("/records/a", json=order(), headers=headers)).status_code == 201


@pytest.mark.parametrize("kind", ["", "application/json", "text/plain", "text/csv; charset=iso-8859-1"])
async def test_an_import_of_what_is_no_file(client: httpx.AsyncClient, kind: str) -> None:
    response = await client.post("/records/import", content=b"id\n", headers={"Content-Type": kind})
    assert response.status_code == 415
    assert response.json()["errors"][0]["field"] == "Content-Type"
    if "charset" not in kind:
        assert response.headers["Accept"] == "application/x-ndjson, text/csv"


@each_strict
async def test_every_route_with_a_body_says_so(operation: Operation) -> None:
    """Before anything is done: the application is not even running."""
    if "requestBody" not in operation.text:
        assert "415" not in operation.responses
        return
    assert "`unsupported-media-type`" in str(operation.responses["415"]["description"])
    body = operation.text["requestBody"]
    assert isinstance(body, dict)
    if operation.name == "importRecords":  # its parameter may say the format, too: it is tried above
        return
    taken = names_in(body["content"])
    async with client_of(APP) as client:
        response = await client.request(
            operation.method, operation.url, content=b"{}", headers={"Content-Type": "text/plain"}
        )
    assert response.status_code == 415
    assert set(response.headers["Accept"].split(", ")) == taken
    assert content(operation.responses["415"], response.headers["content-type"])
