"""Readiness, with real parts that go away and come back."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue, SecretStr
from sqlalchemy import make_url
from structlog.testing import capture_logs

from app import aws
from app.core.settings import Settings
from app.db.migrate import upgrade
from app.local import postgres
from app.services.upkeep import health
from app.storage import open_storage
from tests.support.app import client_of, running_app
from tests.support.artifacts import write_artifact
from tests.support.eventually import TIMEOUT
from tests.support.orders import register
from tests.support.ports import free_ports
from tests.support.postgres import throwaway_folder, wait_until_stopped
from tests.support.s3 import stoppable_s3
from tests.support.settings import IsolatedSettings

OK = {"status": "ok", "reason": None}
UNKNOWN = {"status": "unknown", "reason": "The database, which would have to be asked, is missing."}


def missing(reason: str) -> dict[str, JsonValue]:
    return {"status": "unavailable", "reason": reason}


AWAY = missing("The database cannot be reached.")


@pytest.fixture(autouse=True)
def _short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT", 0.05)
    monkeypatch.setattr(health, "PLATFORM_KEPT", 0.05)


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Credentials for stand-ins, which boto3's one session reads anew."""
    aws.session.cache_clear()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield monkeypatch
    aws.session.cache_clear()


@asynccontextmanager
async def service_on(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running_app(settings) as app, client_of(app) as client:
        yield client


async def becomes(client: httpx.AsyncClient, status: str, **parts: Mapping[str, JsonValue]) -> None:
    """Return once readiness has this status, and says this of the parts that are not ok."""
    code = 503 if status == "unavailable" else 200
    async with asyncio.timeout(TIMEOUT):
        while True:
            response = await client.get("/health/ready")
            found = response.json()
            not_ok = {name: part for name, part in found["parts"].items() if part["status"] != "ok"}
            if (response.status_code, found["status"], not_ok) == (code, status, parts):
                break
            await asyncio.sleep(0.05)
    assert (await client.get("/health/live")).status_code == 200


async def test_everything_is_there(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "parts": dict.fromkeys(
            ("database", "migrations", "writes", "room", "workers", "versions", "platform", "tenants"), OK
        ),
    }


async def test_a_database_that_comes_is_migrated_goes_and_comes_back() -> None:
    with throwaway_folder() as folder:
        with running_postgres(folder) as url:
            settings = IsolatedSettings(database_url=SecretStr(url))
        async with service_on(settings) as client:
            with capture_logs() as logs:
                unknown = dict.fromkeys(
                    ("migrations", "writes", "room", "workers", "versions", "platform", "tenants"), UNKNOWN
                )
                await becomes(client, "unavailable", database=AWAY, **unknown)
                with running_postgres(folder):
                    said = "The database is not migrated: run `python -m app migrate`."
                    asked = dict.fromkeys(("writes", "workers", "versions", "platform", "tenants"), UNKNOWN)
                    await becomes(client, "unavailable", migrations=missing(said), **asked)
                    await upgrade(settings)
                    await becomes(client, "ok")
                await becomes(client, "unavailable", database=AWAY, **unknown)
                await becomes(client, "unavailable", database=AWAY, **unknown)
                with running_postgres(folder):
                    await becomes(client, "ok")
    said_of_parts = [(entry["event"], entry["part"]) for entry in logs if "part" in entry]
    assert said_of_parts == [
        ("part missing", "database"),
        ("part is back", "database"),
        ("part missing", "migrations"),
        ("part is back", "migrations"),
        ("part missing", "database"),
        ("part is back", "database"),
    ] or set(said_of_parts[1:3]) == {("part is back", "database"), ("part missing", "migrations")}


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    with postgres.start(folder, durable=False) as server:
        yield server.owner_url()
    wait_until_stopped(folder)


async def test_a_wrong_password_is_said_without_the_user(database_url: str) -> None:
    wrong = make_url(database_url).set(username="hunter2", password="hunter2")
    url = SecretStr(wrong.render_as_string(hide_password=False))
    async with service_on(IsolatedSettings(database_url=url)) as client:
        refused = missing("The database refuses the log-in of this service.")
        unknown = dict.fromkeys(
            ("migrations", "writes", "room", "workers", "versions", "platform", "tenants"), UNKNOWN
        )
        await becomes(client, "unavailable", database=refused, **unknown)
        assert "hunter2" not in (await client.get("/health/ready")).text


async def test_a_storage_that_goes_and_comes_back(
    settings: Settings, tmp_path: Path, aws_environment: pytest.MonkeyPatch
) -> None:
    stoppable = stoppable_s3(tmp_path)
    for name, value in stoppable.server.environment.items():
        aws_environment.setenv(name, value)
    url = "s3://reports"
    async with service_on(settings.model_copy(update={"storage_url": url})) as client:
        away = missing("The storage cannot be reached.")
        await becomes(client, "degraded", storage=away)
        with stoppable.running():
            said = "The storage's bucket does not exist: run `python -m app storage init`."
            await becomes(client, "degraded", storage=missing(said))
            await open_storage(url).ensure_bucket()
            await becomes(client, "ok")
        await becomes(client, "degraded", storage=away)
        with stoppable.running():
            await becomes(client, "ok")
            assert (await client.get("/health/ready")).json()["parts"]["storage"]["status"] == "ok"


async def test_a_platform_that_goes_and_comes_back(
    settings: Settings, tmp_path: Path, aws_environment: pytest.MonkeyPatch
) -> None:
    [port] = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    for service in ("SAGEMAKER", "SAGEMAKER_RUNTIME", "S3"):
        aws_environment.setenv(f"AWS_ENDPOINT_URL_{service}", address)
    artifact = write_artifact(tmp_path / "model.tar.gz")
    async with service_on(settings) as client:
        with running_endpoint(artifact, port):
            await register(client)
            await becomes(client, "ok")
        away = missing("transit version 1: SageMaker endpoint 'transit': The platform could not be reached.")
        with capture_logs() as logs:
            await becomes(client, "degraded", platform=away)
            await becomes(client, "degraded", platform=away)
        assert [entry["part"] for entry in logs if entry["log_level"] == "warning"] == ["platform"]
        with running_endpoint(artifact, port):
            await becomes(client, "ok")


@contextmanager
def running_endpoint(artifact: Path, port: int) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "app.local.endpoint",
        "--model",
        f"transit={artifact}",
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline()
            yield
        finally:
            process.terminate()
