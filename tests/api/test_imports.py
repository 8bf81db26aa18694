"""Bulk import over HTTP; what a file may hold is tests/services/records/test_importer.py's."""

import asyncio
import errno
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TypeAlias

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue
from starlette.types import Message

from app.api import imports
from app.core.settings import Settings
from app.services.records.import_lines import BATCH_LINES
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import order

ROWS = Path(__file__).parents[2].joinpath("data/transit_orders.csv").read_bytes().splitlines(keepends=True)
CSV = b"".join(ROWS[:51])
NDJSON = "".join(
    json.dumps({"id": f"n{number}", "input": order(), "label": 1}) + "\n" for number in range(50)
)
Uploads: TypeAlias = list[asyncio.Task[httpx.Response]]
NOTHING: dict[str, JsonValue] = {"items": [], "next_cursor": None}


async def test_the_content_type_says_the_format(client: httpx.AsyncClient) -> None:
    for kind, content in (("text/csv; charset=utf-8", CSV), ("application/x-ndjson", NDJSON.encode())):
        response = await client.post("/records/import", content=content, headers={"content-type": kind})
        assert response.status_code == 200, response.text
        report = response.json()
        assert (report["read"], report["created"], report["skipped"], report["errors"]) == (50, 50, 0, [])
        assert report["labels"]["created"] > 40
    assert len((await client.get("/records")).json()["items"]) == 100


async def test_the_parameter_says_the_format(client: httpx.AsyncClient) -> None:
    semicolons = CSV.replace(b",", b";")
    parameters = {"format": "csv", "delimiter": ";"}
    headers = {"content-type": "application/x-ndjson"}
    for created in (50, 0):
        response = await client.post(
            "/records/import", params=parameters, content=semicolons, headers=headers
        )
        assert response.json()["created"] == created
        assert response.json()["unchanged"] == 50 - created


async def test_parameters_name_the_columns(client: httpx.AsyncClient) -> None:
    own = b"order_no,airline,from,destination,"
    content = CSV.replace(b"id,carrier,origin,destination,", own).replace(b"transit_minutes", b"took")
    assert content.startswith(own)
    columns: dict[str, str | list[str]] = {
        "id_column": "order_no",
        "label_column": "took",
        "rename": ["airline=carrier", "from=origin"],
    }
    headers = {"content-type": "text/csv"}
    for dry_run in (True, False):
        response = await client.post(
            "/records/import", params=columns | {"dry_run": str(dry_run)}, content=content, headers=headers
        )
        assert response.status_code == 200, response.text
        report = response.json()
        assert (report["dry_run"], report["created"]) == (dry_run, 50)
        assert report["labels"]["created"] > 40
        stored = (await client.get("/records")).json()["items"]
        assert len(stored) == (0 if dry_run else 50)


async def test_parameters_that_do_not_fit_are_named(client: httpx.AsyncClient) -> None:
    query = "id_column=no&label_column=carrier&rename=x&rename=id=id&ignore=y"
    response = await client.post(
        f"/records/import?{query}", content=CSV, headers={"content-type": "text/csv"}
    )
    assert response.status_code == 422
    assert [fault["field"] for fault in response.json()["errors"]] == [
        *("id_column", "label_column", "rename", "rename", "ignore")
    ]


@pytest.mark.parametrize(
    ("query", "kind", "status"),
    [
        ("", "application/json", 415),
        ("", "", 415),
        ("?format=xlsx", "text/csv", 422),
        ("?delimiter=ab", "text/csv", 422),
    ],
)
async def test_what_is_not_understood(client: httpx.AsyncClient, query: str, kind: str, status: int) -> None:
    response = await client.post(f"/records/import{query}", content=CSV, headers={"content-type": kind})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert "format" in response.text or "delimiter" in response.text


async def test_bad_lines_refuse_the_file_or_are_reported(client: httpx.AsyncClient) -> None:
    content = b"".join([*ROWS[:3], b"x,y\n", ROWS[3].replace(b"2013", b"someday"), ROWS[4]])
    headers = {"content-type": "text/csv"}
    refused = await client.post("/records/import", content=content, headers=headers)
    assert refused.status_code == 422
    assert [fault["field"] for fault in refused.json()["errors"]] == ["line 4", "line 5: scheduled_at"]
    assert (await client.get("/records")).json() == NOTHING
    skipped = await client.post("/records/import?skip_bad=true", content=content, headers=headers)
    report = skipped.json()
    assert (report["read"], report["created"], report["skipped"]) == (5, 3, 2)
    assert [(fault["line"], fault["field"]) for fault in report["errors"]] == [(4, ""), (5, "scheduled_at")]


async def test_a_file_that_is_too_large(settings: Settings, app: FastAPI, client: httpx.AsyncClient) -> None:
    app.state.settings = settings.model_copy(update={"max_import_bytes": 2000})

    async def body() -> AsyncIterator[bytes]:
        for row in ROWS[:51]:
            yield row

    response = await client.post("/records/import", content=body(), headers={"content-type": "text/csv"})
    assert response.status_code == 413
    assert (await client.get("/records")).json() == NOTHING


async def test_a_broken_upload_leaves_nothing(app: FastAPI, client: httpx.AsyncClient) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"".join(ROWS[:1500]), "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        **{"type": "http", "method": "POST", "path": "/records/import", "raw_path": b"/records/import"},
        **{"query_string": b"", "headers": [(b"content-type", b"text/csv")], "http_version": "1.1"},
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 422
    await until(lambda: app.state.runtime.database.engine.pool.checkedout() == 0)  # the start has some, too
    assert (await client.get("/records")).json() == NOTHING


@asynccontextmanager
async def uploading(
    client: httpx.AsyncClient, count: int
) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
    """So many files, of which the service has seen the beginning; the rest comes at the end."""
    go_on, begun = asyncio.Event(), list[int]()

    async def stalled(number: int) -> AsyncIterator[bytes]:
        line = json.dumps({"id": f"u{number}", "input": order(), "label": 1}).encode()
        for _ in range(2 * BATCH_LINES):
            yield line + b"\n"
        begun.append(number)
        await go_on.wait()

    uploads = [
        asyncio.create_task(client.post("/records/import?format=ndjson", content=stalled(number)))
        for number in range(count)
    ]
    await until(lambda: len(begun) == count)
    yield uploads
    go_on.set()
    await asyncio.gather(*uploads)


async def test_an_upload_holds_no_connection(app: FastAPI, client: httpx.AsyncClient) -> None:
    """Of more of them than there are connections; they would stop vacuum, too."""
    async with uploading(client, 12) as uploads:
        await until(lambda: app.state.runtime.database.engine.pool.checkedout() == 0)
        whole = await client.post("/records/import?format=ndjson", content=NDJSON)
        assert (whole.status_code, whole.json()["created"]) == (200, 50)
        assert not any(upload.done() for upload in uploads)
    assert [upload.result().json()["created"] for upload in uploads] == [1] * 12


async def test_what_is_to_be_written_waits_for_its_turn(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.state.import_slots = asyncio.Semaphore(0)
    waiting = asyncio.create_task(client.post("/records/import?format=ndjson", content=NDJSON))
    await until(lambda: bool(app.state.import_slots._waiters))
    monkeypatch.setattr(imports, "PATIENCE", 0.01)
    refused = await client.post("/records/import?format=ndjson", content=NDJSON)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    app.state.import_slots.release()
    assert (await waiting).json()["created"] == 50


async def test_an_upload_that_stalls_is_given_up(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.state.settings = app.state.settings.model_copy(update={"receive_timeout": 0.05})
    async with uploading(client, 1) as [upload]:
        answer = await asyncio.wait_for(upload, TIMEOUT)
    assert (answer.status_code, answer.headers["Connection"]) == (408, "close")
    assert "0.05 seconds" in answer.json()["detail"]
    assert (await client.get("/records")).json() == NOTHING


async def test_no_room_for_an_upload_is_no_outage_of_the_database(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SpooledTemporaryFile, "write", full)
    answer = await client.post("/records/import?format=ndjson", content=NDJSON)
    assert (answer.status_code, "room" in answer.json()["detail"]) == (503, True)


async def test_bytes_are_of_the_format_that_is_said(client: httpx.AsyncClient) -> None:
    """As clients send them that were generated from the document."""
    bytes_of = {"Content-Type": "application/octet-stream"}
    unsaid = await client.post("/records/import", content=b"", headers=bytes_of)
    assert (unsaid.status_code, unsaid.json()["errors"]) == (
        422,
        [{"field": "format", "message": "must be ndjson or csv: application/octet-stream says neither"}],
    )
    line = json.dumps({"id": "a", "input": order()}).encode()
    done = await client.post("/records/import?format=ndjson", content=line, headers=bytes_of)
    assert (done.status_code, done.json()["created"]) == (200, 1)
