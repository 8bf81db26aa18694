"""`python -m app evaluate import` and `report`, with a real S3 server and Postgres."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from app import aws
from app.cli import main
from app.core.settings import Settings
from app.db import models
from app.db.engine import create_engine, create_sessions
from app.db.evaluations import runs as rows
from app.db.evaluations.runs import Metric
from app.local.s3 import S3Server
from app.schemas.hosting.deployments import Deployment
from app.storage import Storage, open_storage

NEW, OLD = "reports/transit/1/20131201.csv", "reports/transit/1/20131101.csv"
"""Of two files of one second, that of the greater key counts as the newer."""


@pytest.fixture
def storage(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: S3Server
) -> Iterator[Storage]:
    url = f"s3://bucket-{uuid4().hex}/some where"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("STORAGE_URL", url)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    aws.session.cache_clear()
    storage = open_storage(url)
    asyncio.run(storage.ensure_bucket())
    yield storage
    aws.session.cache_clear()


async def finish_a_run(settings: Settings) -> None:
    """The run 1, of version 1 of the model."""
    engine = create_engine(settings)
    async with create_sessions(engine).begin() as session:
        model = await models.ensure_model(session, "transit")
        deployment = Deployment(0, "transit", "1", "sagemaker", {}, ())
        version = await models.insert_version(session, model.id, deployment)
        run = await rows.create(session, version.id, "quality", {})
        metric = Metric("mae", "", "", value=1.5, reason=None, low=None, high=None, n=40, small=False)
        await rows.store(session, run, [], [metric])
        await rows.end(session, run, "done")
    await engine.dispose()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, list[str]]:
    """The exit code and everything said, by lines."""
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", *arguments])
    return caught.value.code, "".join(capsys.readouterr()).splitlines()


def test_reports_are_imported_and_written(
    storage: Storage, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(finish_a_run(settings))
    asyncio.run(storage.put(OLD, b"mae;slice\n1;a\nx;b\n"))
    asyncio.run(storage.put(NEW, b"mae\tslice\n1\ta\n"))
    assert run(capsys, "import", "reports", "--delimiter", "\t", "--newest", "1") == (
        0,
        [
            "Files: 1 looked at, 1 imported, 0 unchanged, 0 refused.",
            "New: 1 runs with 1 metrics. Skipped: 0 lines.",
        ],
    )
    assert run(capsys, "import", "reports", "--delimiter", ";") == (
        0,
        [
            "Files: 2 looked at, 1 imported, 1 unchanged, 0 refused.",
            "New: 1 runs with 1 metrics. Skipped: 1 lines.",
            f"  {OLD}, line 3: mae: 'x' is not a number.",
        ],
    )
    code, [key] = run(capsys, "report", "1")
    assert (code, key.startswith("evaluations/transit/1/")) == (0, True)
    assert asyncio.run(storage.get(key)).startswith(b"metric,slice,bucket,value")
    assert run(capsys, "report", "2") == (
        1,
        ["Error: The evaluation 2 came from a report: reports are of finished runs of our own."],
    )


def test_what_does_not_fit_is_said(storage: Storage, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "import", "reports", "--delimiter", "tab")
    assert (code, said[0]) == (1, "Error: The import does not fit.")
    assert "delimiter" in said[1]
    assert run(capsys, "import", "none") == (1, ["Error: There is no file below 'none/' in the storage."])
