"""Workers on a real queue."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from pgqueuer import JobId
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions
from app.db.queue.queue import Queue
from app.schemas.evaluations.schedules import NewSchedule
from app.schemas.jobs.jobs import PredictionJob
from app.services.evaluations import judging, schedules
from app.services.predictions.predictor import Ask
from app.services.runtime import open_runtime
from tests.services.worker.work import ask, ended, evaluated, fill, held, tasks, until_tasks
from tests.support import jobs
from tests.support.aws_stub import Answer, AwsStub, Request, error
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import answer_ten_times, invocations
from tests.support.use_case import TRANSIT
from tests.support.workers import working


async def test_a_run_that_was_asked_for_is_done(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    async with working(settings) as runtime:
        await fill(runtime)
        sessions = runtime.database.transactions
        run = await evaluated(sessions, await ask(sessions))
    assert (run.state, run.predicted) == ("done", 30)
    async with open_runtime(settings) as runtime:
        assert await tasks(runtime.database.transactions) == []


async def test_a_file_that_cannot_be_touched_ends_no_worker(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    async with working(settings.model_copy(update={"worker_alive_file": "/dev/null/alive"})) as runtime:
        await fill(runtime)
        sessions = runtime.database.transactions
        assert (await evaluated(sessions, await ask(sessions))).state == "done"


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
    looked, beat = Counter[Queue](), Queue.beat

    async def noted(self: Queue, job_ids: Sequence[JobId]) -> None:
        looked[self] += 1
        await beat(self, job_ids)

    monkeypatch.setattr(Queue, "beat", noted)
    async with jobs.runtime_with_orders(settings, monkeypatch, 18) as runtime:
        job = await jobs.ask(runtime, all=True)
        async with working(settings), working(settings):
            await until(lambda: len(invocations(aws)) >= 4)
            looked.clear()
            await until(lambda: len(looked) == 2 and min(looked.values()) > 1)  # both might have taken more
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


DUE = {"evaluations": 1, "predictions": 0, "unchecked": 0, "schedules": 5}


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
