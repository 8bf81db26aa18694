"""Reports of our own runs, on a real S3 server and a real database."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr
from sqlalchemy import text

import app.aws
from app.core.errors import Conflict, StorageError
from app.db import models
from app.db.engine import Sessions, create_engine, create_sessions
from app.db.evaluations import runs as rows
from app.db.evaluations.runs import Metric
from app.schemas.evaluations.runs import Evaluation
from app.schemas.hosting.deployments import Deployment
from app.schemas.reports import ImportedReports, ReportImport
from app.services.evaluations import reports, runs
from app.services.reports import importing
from app.services.reports.runs import Layout, layout
from app.storage import Storage, open_storage
from tests.support.postgres import MigratedServer
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT

METRICS = [
    Metric("mae", "", "", value=0.1 + 0.2, reason=None, low=1e-300, high=2.0, n=120, small=False),
    Metric(
        "mae",
        'say "Ü",\nAir; Co',
        "2013-01",
        value=-1e300,
        reason=None,
        low=None,
        high=None,
        n=30,
        small=False,
    ),
    Metric("r2", "carrier=Ü", "2013-01", value=None, reason="one row", low=None, high=None, n=1, small=True),
]


async def register(sessions: Sessions) -> int:
    """Version 1 of the model, by its id."""
    async with sessions.begin() as session:
        model = await models.ensure_model(session, "transit")
        deployment = Deployment(0, "transit", "1", "sagemaker", {}, ())
        return (await models.insert_version(session, model.id, deployment)).id


@pytest.fixture
async def run(sessions: Sessions) -> Evaluation:
    """A finished run of version 1."""
    version_id = await register(sessions)
    async with sessions.begin() as session:
        evaluation_id = await rows.create(session, version_id, "quality", {})
        await rows.store(session, evaluation_id, [], METRICS)
        await rows.end(session, evaluation_id, "done")
    return await runs.get(sessions, evaluation_id)


@pytest.fixture
def other_database_url(postgres_server: MigratedServer) -> Iterator[str]:
    with postgres_server.clone() as url:
        yield url


@pytest.fixture
async def elsewhere(other_database_url: str) -> AsyncIterator[Sessions]:
    """Another database, in which version 1 is registered, too."""
    engine = create_engine(IsolatedSettings(database_url=SecretStr(other_database_url)))
    sessions = create_sessions(engine)
    await register(sessions)
    yield sessions
    await engine.dispose()


@contextmanager
def refused_storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """A storage whose server does not take our secret."""
    with monkeypatch.context() as wrong:
        wrong.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        app.aws.session.cache_clear()
        yield open_storage("s3://bucket")
    app.aws.session.cache_clear()


async def noted(sessions: Sessions) -> tuple[str | None, str | None, str]:
    async with sessions() as session:
        found = await session.execute(text("select report, error, state from evaluations"))
        report, error, state = found.one()
        return report, error, state


async def test_a_finished_run_is_saved_once_under_its_time(
    sessions: Sessions, storage: Storage, run: Evaluation
) -> None:
    key = await reports.save(sessions, TRANSIT, storage, run.id)
    assert await reports.save(sessions, TRANSIT, storage, run.id) == key
    assert [entry.key for entry in await storage.list("")] == [key]
    assert await noted(sessions) == (key, None, "done")
    assert run.finished_at is not None
    assert key.startswith("evaluations/transit/1/2")
    assert layout(key) == Layout("transit", "1", run.finished_at)
    header, first, *_ = (await storage.get(key)).decode().splitlines()
    assert header == (
        "metric,slice,bucket,value,reason,low,high,n,small,evaluation_id,kind,model,version,finished_at"
    )
    assert first.startswith("mae,,,0.30000000000000004,,1e-300,2.0,120,False,")


async def test_a_saved_run_comes_back_as_it_was_in_another_database_but_not_beside_itself(
    sessions: Sessions, elsewhere: Sessions, storage: Storage, run: Evaluation
) -> None:
    await reports.save(sessions, TRANSIT, storage, run.id)
    wanted = ReportImport(prefix="evaluations")
    found = await importing.import_reports(sessions, storage, wanted)
    assert found == ImportedReports(files=1, unchanged=1)
    found = await importing.import_reports(elsewhere, storage, wanted)
    assert found == ImportedReports(files=1, imported=1, runs=1, metrics=len(METRICS))
    async with elsewhere() as session:
        evaluation_id = (await session.scalars(text("select id from evaluations"))).one()
    back = await runs.get(elsewhere, evaluation_id)
    assert back.metrics == run.metrics
    assert (back.kind, back.version, back.finished_at) == ("report", "1", run.finished_at)
    with pytest.raises(Conflict, match="came from a report"):
        await reports.save(elsewhere, TRANSIT, storage, evaluation_id)


async def test_a_failing_upload_does_not_lose_the_run(
    sessions: Sessions, storage: Storage, run: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refused_storage(monkeypatch) as refused, pytest.raises(StorageError):
        await reports.save(sessions, TRANSIT, refused, run.id)
    report, error, state = await noted(sessions)
    assert (report, state) == (None, "done")
    assert (error or "").startswith("The report was not written: The storage refused the credentials")
    assert (await runs.get(sessions, run.id)).metrics == run.metrics
    key = await reports.save(sessions, TRANSIT, storage, run.id)
    assert await noted(sessions) == (key, None, "done")


async def test_a_later_upload_that_fails_leaves_the_report_that_there_is(
    sessions: Sessions, storage: Storage, run: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await reports.save(sessions, TRANSIT, storage, run.id)
    with refused_storage(monkeypatch) as refused, pytest.raises(StorageError):
        await reports.save(sessions, TRANSIT, refused, run.id)
    assert (await noted(sessions))[0] == key


async def test_a_run_under_way_has_no_report(sessions: Sessions, storage: Storage, run: Evaluation) -> None:
    async with sessions.begin() as session:
        await session.execute(text("update evaluations set state = 'running'"))
    with pytest.raises(Conflict, match="is running"):
        await reports.save(sessions, TRANSIT, storage, run.id)
