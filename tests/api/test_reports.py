"""The import of reports over HTTP, from a real S3 server."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from pydantic import JsonValue

import app.aws
from app.core.settings import Settings
from app.db import models
from app.db.engine import Sessions
from app.local.s3 import S3Server
from app.main import create_app
from app.schemas.hosting.deployments import Deployment
from app.storage import Storage, open_storage

LONG = b"metric;value;low;high;n;slice\nauc;0,9;;;;\nauc;0.9;0.8;0.95;400;\nrecall;NaN;;;3;carrier=UA\n"


@pytest.fixture
def settings(settings: Settings, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    app.aws.session.cache_clear()
    yield settings.model_copy(update={"storage_url": f"s3://bucket-{uuid4().hex}"})
    app.aws.session.cache_clear()


@pytest.fixture
async def storage(settings: Settings) -> Storage:
    storage = open_storage(settings.storage_url or "")
    await storage.ensure_bucket()
    return storage


@pytest.fixture
async def _version(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        model = await models.ensure_model(session, "transit")
        deployment = Deployment(0, "transit", "1", "sagemaker", {}, ())
        await models.insert_version(session, model.id, deployment)


@pytest.mark.usefixtures("_version")
async def test_an_imported_report_is_a_run_of_the_history(
    client: httpx.AsyncClient, storage: Storage
) -> None:
    key = "reports/transit/1/2026-01-31T12:00:00+05:30.csv"
    await storage.put(key, LONG)
    answer = await client.post("/evaluations/import", json={"prefix": "reports", "delimiter": ";"})
    assert (answer.status_code, answer.json()) == (
        200,
        {
            **{
                "files": 1,
                "imported": 1,
                "unchanged": 0,
                "refused": 0,
                "runs": 1,
                "metrics": 2,
                "skipped": 1,
            },
            "unread": [{"key": key, "line": 2, "reason": "value: '0,9' is not a number."}],
        },
    )
    found = await client.get("/evaluations/metrics", params={"kind": "report", "model": "transit"})
    assert [
        (one["metric"], one["slice"], one["value"], one["low"], one["n"], one["small"], one["finished_at"])
        for one in found.json()["items"]
    ] == [
        ("auc", "", 0.9, 0.8, 400, False, "2026-01-31T06:30:00Z"),
        ("recall", "carrier=UA", None, None, 3, True, "2026-01-31T06:30:00Z"),
    ]
    run = await client.get(f"/evaluations/{found.json()['items'][0]['evaluation_id']}")
    assert [run.json()[name] for name in ("kind", "state", "failed")] == ["report", "done", 1]


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"prefix": "/"},
        {"prefix": "r\0"},
        {"prefix": "r", "delimiter": ";;"},
        {"prefix": "r", "delimiter": '"'},
        {"prefix": "r", "newest": 0},
        {"prefix": "r", "model": "a b"},
        {"prefix": "r", "delimeter": ";"},
    ],
)
async def test_a_request_that_does_not_fit_is_refused(
    client: httpx.AsyncClient, wrong: dict[str, JsonValue]
) -> None:
    assert (await client.post("/evaluations/import", json=wrong)).status_code == 422


@pytest.mark.usefixtures("storage")
async def test_a_folder_without_files_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.post("/evaluations/import", json={"prefix": "none"})
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "There is no file below 'none/' in the storage.",
    )


async def test_a_bucket_that_is_not_there_is_said(client: httpx.AsyncClient) -> None:
    answer = await client.post("/evaluations/import", json={"prefix": "reports"})
    assert (answer.status_code, answer.json()["type"]) == (
        502,
        "urn:sagemaker-fastapi:problem:storage-refused",
    )
    assert "The storage's bucket does not exist" in answer.json()["detail"]
    assert "bucket-" not in answer.text


async def test_wrong_credentials_are_said_and_do_not_leak(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    answer = await client.post("/evaluations/import", json={"prefix": "reports"})
    assert (answer.status_code, answer.json()["type"]) == (
        502,
        "urn:sagemaker-fastapi:problem:storage-refused",
    )
    assert "refused the credentials" in answer.json()["detail"]
    assert "hunter2" not in answer.text


async def test_without_a_storage_the_setting_is_named(settings: Settings) -> None:
    service = create_app(settings.model_copy(update={"storage_url": None}))
    async with (
        service.router.lifespan_context(service),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=service), base_url="http://test") as client,
    ):
        answer = await client.post("/evaluations/import", json={"prefix": "reports"})
    assert (answer.status_code, "STORAGE_URL" in answer.json()["detail"]) == (503, True)
