"""Workers on a real queue, killed, stopped and cut off."""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pydantic import SecretStr
from sqlalchemy import make_url, text
from structlog.typing import EventDict

from app.core.settings import Settings
from app.db.engine import Sessions
from app.schemas.evaluations.runs import Evaluation, EvaluationRequest
from app.schemas.evaluations.schedules import NewSchedule
from app.schemas.jobs.jobs import PredictionJob
from app.services import worker
from app.services.evaluations import judging, runs, schedules
from app.services.predictions.predictor import Ask
from app.services.runtime import Runtime, open_runtime
from tests.support import jobs
from tests.support.aws_stub import Answer, AwsStub, Request, error, model_error
from tests.support.eventually import TIMEOUT, until
from tests.support.judged_orders import store_judged_orders
from tests.support.orders import answer_ten_times, invocations, prepare
from tests.support.ports import free_ports
from tests.support.postgres import MigratedServer
from tests.support.use_case import TRANSIT
from tests.support.workers import worker_process, working


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL", timedelta(seconds=0.3))
    monkeypatch.setattr(worker, "FIRST_DELAY", timedelta(seconds=0.1))


async def fill(runtime: Runtime) -> None:
    await prepare(runtime.predictor)
    await store_judged_orders(runtime.database.transactions)


async def ask(sessions: Sessions) -> int:
    return (await runs.ask(sessions, TRANSIT, EvaluationRequest(), default_model="transit")).id


async def ended(
    look: Callable[[], Awaitable[Evaluation]] | Callable[[], Awaitable[PredictionJob]],
) -> Evaluation | PredictionJob:
    async with asyncio.timeout(TIMEOUT):
        while (found := await look()).state in ("queued", "running"):  # noqa: ASYNC110 - a database's state
            await asyncio.sleep(0.05)
    return found


async def evaluated(sessions: Sessions, evaluation_id: int) -> Evaluation:
    found = await ended(lambda: runs.get(sessions, evaluation_id))
    assert isinstance(found, Evaluation)
    return found


async def tasks(sessions: Sessions) -> list[tuple[str, str]]:
    """What the queue holds: tasks with their states."""
    async with sessions() as session:
        rows = await session.execute(text("select entrypoint, status::text from pgqueuer order by id"))
        return [(row[0], row[1]) for row in rows]


async def until_tasks(sessions: Sessions, *expected: tuple[str, str]) -> None:
    """Return once this is what the queue holds."""
    async with asyncio.timeout(TIMEOUT):
        while await tasks(sessions) != [*expected]:  # noqa: ASYNC110 - a database's state
            await asyncio.sleep(0.05)


def held(gate: threading.Event, after: int) -> Callable[[Request], Answer]:
    """A model that answers so many calls, and the others once the gate is open."""
    counted = threading.Semaphore(after)

    def respond(request: Request) -> Answer:
        answer = answer_ten_times(request)
        if "invocations" in request.path and not counted.acquire(blocking=False):
            return Answer(answer.status, answer.body, answer.headers, wait=gate)
        return answer

    return respond


@asynccontextmanager
async def run_under_way(
    settings: Settings, aws: AwsStub, *, log: Path = Path(os.devnull)
) -> AsyncIterator[tuple[Sessions, int, "subprocess.Popen[bytes]"]]:
    """A run whose model has been asked by a worker process, and does not answer yet."""
    async with open_runtime(settings) as runtime:
        await fill(runtime)
        sessions = runtime.database.transactions
        with worker_process(settings, log=log) as process:
            evaluation_id = await ask(sessions)
            await until(lambda: bool(invocations(aws)))
            yield sessions, evaluation_id, process


async def test_a_run_that_was_asked_for_is_done(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    async with working(settings) as runtime:
        await fill(runtime)
        sessions = runtime.database.transactions
        run = await evaluated(sessions, await ask(sessions))
    assert (run.state, run.predicted) == ("done", 30)
    async with open_runtime(settings) as runtime:
        assert await tasks(runtime.database.transactions) == []


async def test_a_killed_workers_task_is_taken_over(settings: Settings, aws: AwsStub) -> None:
    """What the dead one had asked the model for and not stored is asked again, once; nothing else is."""
    gate = threading.Event()
    aws.respond = held(gate, after=0)
    async with run_under_way(settings, aws) as (sessions, evaluation_id, first):
        first.send_signal(signal.SIGKILL)
        first.wait()
        gate.set()
        with worker_process(settings) as second:
            run = await evaluated(sessions, evaluation_id)
            second.terminate()
            assert await asyncio.to_thread(_wait, second) == 0
        assert (run.state, run.predicted, run.failed) == ("done", 30, 0)
        assert len(invocations(aws)) == 2
        async with sessions() as session:
            assert await session.scalar(text("select count(*) from predictions")) == 30


async def test_a_stalled_worker_changes_nothing_when_it_wakes(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its model fails, then; its run, which another worker has done, does not."""
    monkeypatch.setenv("CLAIM_LEASE", "1")
    gate = threading.Event()

    def respond(request: Request) -> Answer:
        if "invocations" in request.path and len(invocations(aws)) == 1:
            return replace(model_error(500), wait=gate)
        return answer_ten_times(request)

    aws.respond = respond
    async with run_under_way(settings, aws) as (sessions, evaluation_id, stalled):
        stalled.send_signal(signal.SIGSTOP)
        with worker_process(settings):
            run = await evaluated(sessions, evaluation_id)
        assert (run.state, run.predicted) == ("done", 30)
        gate.set()
        stalled.send_signal(signal.SIGCONT)
        stalled.terminate()
        assert await asyncio.to_thread(_wait, stalled) == 0
        assert await runs.get(sessions, evaluation_id) == run


async def test_a_stopped_worker_hands_its_task_back(settings: Settings, aws: AwsStub) -> None:
    gate = threading.Event()
    aws.respond = held(gate, after=0)
    async with run_under_way(settings, aws) as (sessions, evaluation_id, first):
        first.terminate()
        await until_tasks(sessions, ("evaluate", "queued"))
        gate.set()  # what is under way may land before the process ends
        assert await asyncio.to_thread(_wait, first) == 0
        assert await tasks(sessions) == [("evaluate", "queued")]
        with worker_process(settings):
            run = await evaluated(sessions, evaluation_id)
        assert (run.state, run.predicted) == ("done", 30)
        assert len(invocations(aws)) == 1  # the answer was kept


async def test_a_second_signal_ends_it_at_once(settings: Settings, aws: AwsStub) -> None:
    gate = threading.Event()
    aws.respond = held(gate, after=0)
    async with run_under_way(settings, aws) as (sessions, _, process):
        process.terminate()
        await until_tasks(sessions, ("evaluate", "queued"))  # now it waits for the model's answer
        process.terminate()
        code = await asyncio.to_thread(_wait, process)
        gate.set()
    assert code == -signal.SIGTERM


def _wait(process: "subprocess.Popen[bytes]") -> int:
    return process.wait(TIMEOUT)


async def test_a_run_that_ends_its_workers_is_given_up(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    async with open_runtime(settings) as runtime:
        await fill(runtime)
        sessions = runtime.database.transactions
        evaluation_id = await ask(sessions)
        async with sessions.begin() as session:
            await session.execute(text("update evaluations set attempts = 10, state = 'running'"))
    async with working(settings) as runtime:
        run = await evaluated(runtime.database.transactions, evaluation_id)
    assert run.state == "failed"
    assert "given up" in str(run.error)


async def test_a_bug_fails_the_run_and_stays_to_be_looked_at(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("postgresql://user:secret@host")

    aws.respond = answer_ten_times
    monkeypatch.setattr(judging, "judge_all", break_down)
    async with working(settings) as runtime:
        await fill(runtime)
        sessions = runtime.database.transactions
        run = await evaluated(sessions, await ask(sessions))
        assert (run.state, run.error) == ("failed", "The service failed; the worker's log says how.")
        await until_tasks(sessions, ("evaluate", "failed"))


async def test_a_chunk_is_tried_again_until_the_platform_is_back(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = threading.Semaphore(5)

    def respond(request: Request) -> Answer:
        if "invocations" in request.path and calls.acquire(blocking=False):
            return error("ServiceUnavailableException", 503)
        return answer_ten_times(request)

    aws.respond = respond
    async with jobs.runtime_with_orders(settings, monkeypatch, 4) as runtime:
        job = await jobs.ask(runtime, all=True)
        async with working(settings):
            found = await ended(lambda: jobs.look(runtime, job))
    assert isinstance(found, PredictionJob)
    assert (found.state, found.predicted, found.failed) == ("done", 4, 0)


async def test_workers_share_a_job(settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes two chunks at a time and no more, so that there is work for the others."""
    gate = threading.Event()
    aws.respond = held(gate, after=0)
    idle, dequeue = set[object](), Queries.dequeue

    async def noted(self: Queries, *wanted: object, **more: object) -> list[Job]:
        found: list[Job] = await dequeue(self, *wanted, **more)  # type: ignore[arg-type]
        if not found:
            idle.add(more["queue_manager_id"])
        return found

    monkeypatch.setattr(Queries, "dequeue", noted)
    async with jobs.runtime_with_orders(settings, monkeypatch, 18) as runtime:
        job = await jobs.ask(runtime, all=True)
        async with working(settings), working(settings):
            await until(lambda: len(invocations(aws)) >= 4)
            idle.clear()
            await until(lambda: len(idle) == 2)  # both have asked for more
            states = [state for _, state in await tasks(runtime.database.transactions)]
            assert sorted(states) == ["picked"] * 4 + ["queued"] * 2
            assert len(invocations(aws)) == 4
            gate.set()
            found = await ended(lambda: jobs.look(runtime, job))
    assert isinstance(found, PredictionJob)
    assert (found.state, found.predicted) == ("done", 18)
    assert len(invocations(aws)) == 6


async def test_what_fell_due_while_no_worker_ran_is_done(settings: Settings, aws: AwsStub) -> None:
    """The queue's own clock is put forward, and that of the model's schedule."""
    aws.respond = answer_ten_times
    limited = settings.model_copy(update={"prediction_retention_days": 30})
    async with working(limited) as runtime:
        await fill(runtime)
        sessions = runtime.database.transactions
        await runtime.predictor.predict("a", Ask("transit"))
        await schedules.put(
            sessions, TRANSIT, "transit", NewSchedule(cron="0 6 * * 1", where={"carrier": "AA"})
        )
        await until_done(sessions, lambda done: done["schedules"] == DUE["schedules"])
        async with sessions.begin() as session:
            await session.execute(text("update evaluation_schedules set next_run = now()"))
            await session.execute(text("update predictions set computed_at = now() - interval '31 days'"))
            await session.execute(text("delete from places"))
            await session.execute(text("update pgqueuer_schedules set next_run = now()"))
    async with working(limited) as runtime:
        sessions = runtime.database.transactions
        await until_done(sessions, lambda done: done == DUE)


DUE = {"evaluations": 1, "predictions": 0, "unchecked": 0, "schedules": 4}


async def until_done(sessions: Sessions, is_enough: Callable[[dict[str, int]], bool]) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not is_enough(await done_of(sessions)):  # noqa: ASYNC110 - a database's state
            await asyncio.sleep(0.05)


async def done_of(sessions: Sessions) -> dict[str, int]:
    """Finished evaluations, old predictions, versions nobody looked at, and the queue's schedules."""
    query = """
        select (select count(*) from evaluations where state = 'done') as evaluations,
               (select count(*) from predictions
                where computed_at < now() - interval '30 days') as predictions,
               (select count(*) from model_versions version
                where not exists (select from places where place = version.place)) as unchecked,
               (select count(*) from pgqueuer_schedules) as schedules
    """
    async with sessions() as session:
        return dict((await session.execute(text(query))).mappings().one())


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
    finally:
        await admin.close()


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
    away = settings.model_copy(update={"database_url": SecretStr(nowhere), "database_direct_url": None})
    async with working(away):
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
