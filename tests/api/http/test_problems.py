"""Every failure leaves as a problem with the request's id, and tells nothing that is not the caller's."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import make_url, text
from structlog.typing import EventDict

from app.core.errors import AppError
from app.core.errors.stored import revive
from app.core.settings import Settings
from app.db.engine import Sessions
from app.db.migrate import NOT_MIGRATED
from tests.support.app import client_of, running_app
from tests.support.orders import order
from tests.support.ports import free_ports
from tests.support.settings import IsolatedSettings

SECRET = "postgresql://user:hunter2@db/internal"


@asynccontextmanager
async def service_on(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running_app(settings) as app, client_of(app) as client:
        yield client


def check(response: httpx.Response, status: int, slug: str) -> None:
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, problem["status"]) == (status, status)
    assert problem["type"] == f"urn:sagemaker-fastapi:problem:{slug}"
    kind = revive({"slug": slug, "detail": ""})  # the tree, which the table of docs/errors.md is made of
    assert (kind.status, kind.slug, kind.title) == (status, slug, problem["title"])
    assert problem["detail"]
    assert problem["request_id"] == response.headers["X-Request-ID"]


async def test_validation(client: httpx.AsyncClient) -> None:
    response = await client.get("/records?limit=many")
    check(response, 422, "invalid-input")
    assert "limit" in response.json()["errors"][0]["field"]
    response = await client.put("/records/a", json=order(origin_lat="north"))
    check(response, 422, "invalid-input")
    assert [fault["field"] for fault in response.json()["errors"]] == ["origin_lat"]


async def test_no_route_no_method_no_record(client: httpx.AsyncClient) -> None:
    check(await client.get("/nowhere"), 404, "not-found")
    wrong = await client.patch("/records")
    check(wrong, 405, "method-not-allowed")
    assert wrong.headers["Allow"] == "GET, HEAD, POST"
    check(await client.get("/records/none"), 404, "not-found")


async def test_a_crash_tells_nothing(
    app: FastAPI, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def crash() -> None:
        raise RuntimeError(SECRET)

    app.add_api_route("/crash", crash)
    response = await client.get("/crash", headers={"X-Request-ID": "mine"})
    check(response, 500, "internal")
    assert response.headers["X-Request-ID"] == "mine"
    assert "hunter2" not in response.text + str(response.headers)
    assert "RuntimeError" not in response.text
    [crashed] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert crashed.msg["request_id"] == "mine"  # type: ignore[index]  # structlog logs a dictionary
    assert SECRET in str(crashed.exc_info or crashed.msg)


async def test_an_error_of_ours_shows_its_detail_but_not_its_cause(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    async def fail() -> None:
        try:
            raise RuntimeError(SECRET)
        except RuntimeError as error:
            raise AppError("The thing broke.", retry_after=1.2) from error

    app.add_api_route("/fail", fail)
    response = await client.get("/fail")
    check(response, 500, "internal")
    assert response.json()["detail"] == "The thing broke."
    assert response.headers["Retry-After"] == "2"
    assert "hunter2" not in response.text


async def test_the_database_is_away() -> None:
    [port] = free_ports(1)
    url = SecretStr(f"postgresql://user:hunter2@127.0.0.1:{port}/nothing")
    async with service_on(IsolatedSettings(database_url=url)) as client:
        for method, path in (("GET", "/records/a"), ("PUT", "/records/a")):
            response = await client.request(method, path, json=order() if method == "PUT" else None)
            check(response, 503, "unavailable")
            assert int(response.headers["Retry-After"]) >= 1
            assert "hunter2" not in response.text
            assert str(port) not in response.text
        assert (await client.get("/health/live")).status_code == 200


async def test_the_database_refuses_the_connection(database_url: str) -> None:
    wrong = make_url(database_url).set(password="wrong").render_as_string(hide_password=False)
    async with service_on(IsolatedSettings(database_url=SecretStr(wrong))) as client:
        check(await client.get("/records/a"), 503, "unavailable")


@pytest.mark.parametrize(
    "change", ["drop table input_objects cascade", "alter table input_objects rename payload to other"]
)
async def test_the_database_is_not_migrated(
    client: httpx.AsyncClient, sessions: Sessions, change: str, logs: list[EventDict]
) -> None:
    async with sessions.begin() as session:
        await session.execute(text(change))
    response = await client.get("/records/a")
    check(response, 503, "unavailable")
    assert response.json()["detail"] == NOT_MIGRATED
    [line] = [line for line in logs if line["event"] == "database not migrated"]
    assert "does not exist" in line["error"]
    assert "select" not in line["error"].lower()


@pytest.mark.parametrize("given", ["abc-1", "A.b_c-9", "x" * 128])
async def test_a_sane_request_id_comes_back(client: httpx.AsyncClient, given: str) -> None:
    for path in ("/health/live", "/nowhere"):
        response = await client.get(path, headers={"X-Request-ID": given})
        assert response.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", "<script>", "é", "a;b", "../x", "a,b"])
async def test_a_hostile_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/nowhere", headers=[(b"X-Request-ID", given.encode())])
    assert response.headers["X-Request-ID"] != given
    assert len(response.headers["X-Request-ID"]) == 32
    check(response, 404, "not-found")


async def test_ids_differ_without_a_header(client: httpx.AsyncClient) -> None:
    ids = {(await client.get("/health/live")).headers["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3


async def test_probes_leave_no_line(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    async with service_on(settings) as client:
        await client.get("/health/live")
        await client.get("/health/ready")
    assert '"request"' not in capsys.readouterr().err


async def test_a_json_log_line_carries_the_id(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    async with service_on(settings) as client:
        await client.get("/records?prefix=hunter2", headers={"X-Request-ID": "find-me"})
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    [line] = [line for line in lines if line.get("request_id") == "find-me"]
    assert (line["event"], line["method"], line["path"], line["status"]) == (
        *("request", "GET", "/records", 200),
    )
    assert "hunter2" not in str(line)
