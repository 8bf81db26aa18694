"""What tests ask for by name. Nothing starts before the first test asks for it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr

from app.core.settings import Settings
from app.db.engine import Sessions, create_engine, create_sessions
from tests.support import postgres, s3
from tests.support.aws_stub import AwsStub, aws_stub
from tests.support.postgres import MigratedServer, migrated_server
from tests.support.settings import IsolatedSettings


def pytest_report_header() -> str:
    return f"if a test needs them: Postgres from {postgres.choice()}; S3 from {s3.choice()}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[MigratedServer]:
    with migrated_server() as server:
        yield server


@pytest.fixture
def database_url(postgres_server: MigratedServer) -> Iterator[str]:
    """A fresh, migrated database."""
    with postgres_server.clone() as url:
        yield url


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The defaults and a fresh database."""
    return IsolatedSettings(database_url=SecretStr(database_url))


@pytest.fixture
async def sessions(settings: Settings) -> AsyncIterator[Sessions]:
    engine = create_engine(settings)
    yield create_sessions(engine)
    await engine.dispose()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStub]:
    """A scripted SageMaker that boto3 finds by its environment."""
    with aws_stub(monkeypatch) as server:
        yield server
