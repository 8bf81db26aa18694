"""The text in URLs: UTF-8, percent-encoded, or refused."""

import httpx
import pytest
from starlette.types import Message, Scope

from app.core.settings import Settings
from app.main import create_app
from tests.support.orders import order

NO_UTF8 = "is not UTF-8, as the text in a URL must be"


@pytest.mark.parametrize(
    ("method", "url", "field", "said"),
    [
        ("PUT", "/records/order%FE", "path", f"%FE {NO_UTF8}"),
        ("DELETE", "/records/order%F0", "path", f"%F0 {NO_UTF8}"),
        ("GET", "/records/a%2Fb%FE/label", "path", f"%FE {NO_UTF8}"),
        ("GET", "/records/%ED%A0%80", "path", f"%ED {NO_UTF8}"),  # a surrogate
        ("GET", "/records/%C0%AF", "path", f"%C0 {NO_UTF8}"),  # a slash in two bytes
        ("POST", "/predict/%FF", "path", f"%FF {NO_UTF8}"),
        ("GET", "/models/%FF", "path", f"%FF {NO_UTF8}"),
        ("GET", "/nowhere/%FF", "path", f"%FF {NO_UTF8}"),
        ("GET", "/records?prefix=%FE", "prefix", f"%FE {NO_UTF8}"),
        ("GET", "/records?limit=1&%FE=1", "query", f"%FE {NO_UTF8}"),
        ("GET", "/predictions?record_id=order%F0%9F", "record_id", f"%F0%9F {NO_UTF8}"),
        ("POST", "/records/import?format=csv&delimiter=%A7", "delimiter", f"%A7 {NO_UTF8}"),
    ],
)
async def test_what_is_no_utf8_is_refused(
    client: httpx.AsyncClient, method: str, url: str, field: str, said: str
) -> None:
    response = await client.request(method, url, json=order() if method == "PUT" else None)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert response.json()["errors"] == [{"field": field, "message": said}]
    assert (await client.get("/records")).json()["items"] == []


@pytest.mark.parametrize(
    ("raw_path", "query", "field", "beginning"),
    [
        (b"/records/50%", b"", "path", "'%' must be percent-encoded"),
        (b"/records/%%32F", b"", "path", "'%%3' must be percent-encoded"),  # two rounds make it a slash
        (b"/records/%zz", b"", "path", "'%zz' must be percent-encoded"),
        (b"/records/a b", b"", "path", "' ' must be percent-encoded"),
        (b"/records", "prefix=é".encode(), "prefix", r"'\\xc3' must be percent-encoded"),
        (b"/records", b"prefix=50%", "prefix", "'%' must be percent-encoded"),
    ],
)
async def test_what_is_not_encoded_is_refused(
    settings: Settings, raw_path: bytes, query: bytes, field: str, beginning: str
) -> None:
    sent = await _sent(settings, raw_path, query)
    assert sent["status"] == 422
    response = httpx.Response(422, content=sent["body"])
    [fault] = response.json()["errors"]
    assert fault["field"] == field
    assert fault["message"].startswith(beginning)


async def _sent(settings: Settings, raw_path: bytes, query: bytes) -> Message:
    """The answer to a URL that no client library would send."""
    path = raw_path.decode("utf-8", "replace")
    scope: Scope = {"type": "http", "method": "GET", "path": path, "raw_path": raw_path}
    scope.update(headers=[], query_string=query)
    answer: Message = {}

    async def send(message: Message) -> None:
        answer.update(message)

    async def receive() -> Message:
        raise AssertionError("nothing is to be read")

    await create_app(settings.model_copy(update={"auth": "none"}))(scope, receive, send)
    return answer


@pytest.mark.parametrize("written", ["%C3%A9", "%E2%82%AC", "50%25", "%252F", "a+b", "%F0%9F%9A%9A"])
async def test_what_is_encoded_is_taken(client: httpx.AsyncClient, written: str) -> None:
    created = await client.put(f"/records/{written}", json=order())
    assert created.status_code == 201
    assert (await client.get(f"/records/{written}")).json()["id"] == created.json()["id"]
    found = await client.get("/records", params={"prefix": created.json()["id"]})
    assert [one["id"] for one in found.json()["items"]] == [created.json()["id"]]
