"""What tests ask for by name. Nothing starts before the first test asks for it."""

import functools
import gc
import multiprocessing
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import botocore.session
import pytest
import structlog
from botocore.loaders import create_loader
from pydantic import SecretStr
from structlog.testing import capture_logs
from structlog.typing import EventDict

from app.core.settings import Settings
from app.db.engine import Sessions, create_engine, create_sessions
from app.local.s3 import S3Server
from tests.support import postgres, s3
from tests.support.aws_calls import aws_calls  # noqa: F401 - a fixture
from tests.support.aws_stub import AwsStub, aws_stub
from tests.support.figures import figure, pytest_terminal_summary  # noqa: F401 - a fixture and a hook
from tests.support.narrow import for_role, narrow_role, narrow_role_is_used
from tests.support.pooler import pooler, pooler_is_used, through
from tests.support.postgres import MigratedServer, migrated_server
from tests.support.settings import IsolatedSettings
from tests.support.use_case import PACKAGE


def pytest_configure() -> None:
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"  # where the stand-ins are
    os.environ["USE_CASE"] = PACKAGE  # of commands and processes that tests start, too
    # Each boto3 session reads AWS's descriptions of its services anew, 0.1 s each; tests make hundreds.
    setattr(botocore.session, "create_loader", functools.cache(create_loader))  # noqa: B010 - no public name


def pytest_collection() -> None:
    gc.disable()  # what is imported stays


def pytest_collection_finish() -> None:
    # A look at all the rest now and then is enough: by default garbage collection is an eighth of the run.
    # pytest collects at the end, so what was left open still fails it.
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 50, 100)


def pytest_report_header() -> str:
    return f"if a test needs them: Postgres from {postgres.choice()}; S3 from {s3.choice()}"


HERE = Path(__file__).parent
OPT_IN = {
    HERE / "browser": "browser",
    HERE / "mms": "mms",
    HERE / "deploy" / "chart": "chart",
    HERE / "platforms": "platform",
    HERE / "mine": "mine",
    HERE / "chaos": "chaos",
    HERE / "security": "security",
}
"""Tests that need what is not here, a server in a venv of its own, the user's sample or much time, by folder:
unread unless ``-m`` names their marker."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    chosen = str(config.getoption("markexpr"))
    left_out = [folder for folder, marker in OPT_IN.items() if marker not in chosen]
    return True if any(collection_path.is_relative_to(folder) for folder in left_out) else None


LONGEST = (
    *("tests/test_your_own_model.py", "tests/test_replaced.py", "tests/docs/test_run.py"),
    *("tests/local/test_demo.py", "tests/local/dev/test_run.py", "tests/trust/test_promises.py"),
    *("tests/cli/test_serve_hanging.py", "tests/services/worker/test_killed.py"),
    *("tests/services/records/test_import_plainly.py", "tests/services/worker/test_worker.py"),
    *("tests/services/predictions/test_single_flight.py", "tests/services/jobs/test_transform.py"),
    *("tests/test_mine.py", "tests/test_add_a_backend.py", "tests/services/evaluations/test_story.py"),
    *("tests/test_scaffold.py", "tests/api/test_health.py", "tests/local/test_postgres.py"),
)
"""Files that begin first, so that no process is left with one of them when the others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)  # the order within a file stays


def _rank(item: pytest.Item) -> int:
    path = item.nodeid.partition("::")[0]
    return LONGEST.index(path) if path in LONGEST else len(LONGEST)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[MigratedServer]:
    with migrated_server() as server:
        yield server


@pytest.fixture
def database_url(postgres_server: MigratedServer) -> Iterator[str]:
    """A fresh, migrated database."""
    with postgres_server.clone() as url:
        yield url


@pytest.fixture(scope="session")
def pooler_port(postgres_server: MigratedServer) -> Iterator[int | None]:
    """Where PgBouncer listens, if the tests are to go through it."""
    if not pooler_is_used():
        yield None
        return
    with pooler(postgres_server.admin_url) as port:
        yield port


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server for all tests; each makes a bucket of its own."""
    with s3.s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def settings(request: pytest.FixtureRequest, pooler_port: int | None) -> Settings:
    """The defaults and a fresh database."""
    if narrow_role_is_used():
        narrow: Settings = request.getfixturevalue("narrow")
        return narrow
    return settings_for(request.getfixturevalue("database_url"), pooler_port)


def settings_for(database_url: str, pooler_port: int | None) -> Settings:
    """The defaults and a database, through PgBouncer if it listens."""
    direct = SecretStr(database_url)
    if pooler_port is None:
        return IsolatedSettings(database_url=direct)
    pooled = SecretStr(through(pooler_port, database_url))
    return IsolatedSettings(database_url=pooled, database_direct_url=direct, database_pooler=True)


@pytest.fixture(scope="session")
def narrow_role_name(postgres_server: MigratedServer) -> Iterator[str]:
    with narrow_role(postgres_server) as name:
        yield name


@pytest.fixture
def narrow(narrow_role_name: str, postgres_server: MigratedServer) -> Iterator[Settings]:
    """The defaults, and a fresh database whose tables are another role's."""
    with postgres_server.clone() as url:
        yield for_role(url, narrow_role_name)


@pytest.fixture
async def sessions(settings: Settings) -> AsyncIterator[Sessions]:
    engine = create_engine(settings)
    yield create_sessions(engine)
    await engine.dispose()


@pytest.fixture(autouse=True)
def _no_logging_of_the_test_before() -> None:
    """A level that one test sets would hide from the next what it captures."""
    structlog.reset_defaults()


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    """What is logged."""
    with capture_logs() as logs:
        yield logs


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStub]:
    """A scripted SageMaker that boto3 finds by its environment."""
    with aws_stub(monkeypatch) as server:
        yield server


@pytest.fixture
def forked_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials of artifacts are forked from a process that has imported what each needs, which takes a second,
    and has run no artifact's code."""
    multiprocessing.set_forkserver_preload(["pytest", "app.local.packing.aside"])
    monkeypatch.setattr("app.local.packing.aside.CONTEXT", multiprocessing.get_context("forkserver"))
