"""Workers whose database goes away, or is not there yet."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from pgqueuer import Job, Queries
from pydantic import SecretStr
from sqlalchemy import make_url, text
from structlog.typing import EventDict

from app.core.settings import Settings
from app.services import worker
from app.services.runtime import open_runtime
from tests.services.worker.work import ask, evaluated, fill, held, run_under_way, until_tasks
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import answer_ten_times, invocations
from tests.support.ports import free_ports
from tests.support.postgres import MigratedServer
from tests.support.workers import working


async def test_a_database_that_goes_away_does_not_end_it(
    settings: Settings, aws: AwsStub, postgres_server: MigratedServer, tmp_path: Path
) -> None:
    """In the middle of a run; every connection is cut, and none is had until the worker has noticed."""
    gate, log = threading.Event(), tmp_path / "log"
    aws.respond = held(gate, after=0)
    async with run_under_way(settings, aws, log=log) as (sessions, interrupted, process):
        async with away(postgres_server.admin_url, settings):
            gate.set()
            await until(lambda: "waiting for the database" in log.read_text())
        async with open_runtime(settings) as runtime:  # its connections are new
            sessions = runtime.database.transactions
            for evaluation_id in (interrupted, await ask(sessions)):
                run = await evaluated(sessions, evaluation_id)
                assert (run.state, run.predicted) == ("done", 30)
        assert process.poll() is None


@asynccontextmanager
async def away(admin_url: str, settings: Settings) -> AsyncIterator[None]:
    """The database has another name meanwhile."""
    name = make_url(settings.direct_url.get_secret_value()).database
    admin = await asyncpg.connect(admin_url)
    try:
        async with asyncio.timeout(TIMEOUT):
            while not await _rename(admin, f"{name}", f"{name}_away"):
                pass
        try:
            yield
        finally:
            assert await _rename(admin, f"{name}_away", f"{name}")
            await _until_it_answers(settings)
    finally:
        await admin.close()


async def _until_it_answers(settings: Settings) -> None:
    """A pooler refuses whoever comes for a moment more."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            connection = await asyncpg.connect(settings.database_url.get_secret_value())
            try:
                await connection.execute("select 1")
                return
            except asyncpg.PostgresConnectionError:
                await asyncio.sleep(0.1)
            finally:
                await connection.close()


async def _rename(admin: "asyncpg.Connection[asyncpg.Record]", old: str, new: str) -> bool:
    """False if somebody connected in between."""
    await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", old)
    try:
        await admin.execute(f"alter database {old} rename to {new}")
    except asyncpg.ObjectInUseError:
        return False
    return True


async def test_a_stop_while_it_waits_ends_it(settings: Settings, aws: AwsStub, logs: list[EventDict]) -> None:
    nowhere = f"postgresql://app:secret@127.0.0.1:{free_ports(1)[0]}/none"
    url = SecretStr(nowhere)
    async with working(settings.model_copy(update={"database_url": url, "database_direct_url": url})):
        await until(lambda: any(entry["event"] == "waiting for the database" for entry in logs))
    assert "The database cannot be reached." in str(logs)
    assert "secret" not in str(logs)
    assert {entry["log_level"] for entry in logs} == {"warning"}


async def test_it_waits_for_migrations(settings: Settings, aws: AwsStub, logs: list[EventDict]) -> None:
    aws.respond = answer_ten_times
    async with open_runtime(settings) as runtime:
        await fill(runtime)
        sessions = runtime.database.transactions
        evaluation_id = await ask(sessions)
        async with sessions.begin() as session:
            await session.execute(text("alter table alembic_version rename to later"))
        async with working(settings):
            await until(lambda: any(entry["event"] == "waiting for the database" for entry in logs))
            async with sessions.begin() as session:
                await session.execute(text("alter table later rename to alembic_version"))
            run = await evaluated(sessions, evaluation_id)
    assert run.state == "done"


@pytest.mark.parametrize(
    "failure", [asyncpg.InternalClientError("cannot switch to state 12"), AttributeError()]
)
async def test_tasks_go_on_and_others_are_taken_whatever_the_queues_driver_does(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """Nothing is begun anew for it, and what is under way does not keep the worker from the next task."""
    gate, fails = threading.Event(), False
    aws.respond = held(gate, after=0)
    dequeue = Queries.dequeue

    async def failing(self: Queries, **asked: object) -> list[Job]:
        nonlocal fails
        if fails:
            fails = False
            raise failure
        found: list[Job] = await dequeue(self, **asked)  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(worker, "PAUSE", 0.05)
    monkeypatch.setattr(Queries, "dequeue", failing)
    async with working(settings) as runtime:
        await fill(runtime)
        first = await ask(runtime.sessions)
        await until(lambda: bool(invocations(aws)))
        fails = True
        await until(lambda: not fails)
        second = await ask(runtime.sessions)
        await until_tasks(runtime.sessions, ("evaluate", "picked"), ("evaluate", "picked"))
        gate.set()
        for evaluation_id in (first, second):
            assert (await evaluated(runtime.sessions, evaluation_id)).state == "done"
        async with runtime.sessions() as session:
            assert (await session.scalars(text("select attempts from evaluations"))).all() == [1, 1]
    assert len(invocations(aws)) == 1
