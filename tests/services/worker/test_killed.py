"""Workers on a real queue, killed, stopped and stalled."""

import asyncio
import signal
import subprocess
import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.services.evaluations import runs
from app.services.runtime import open_runtime
from tests.services.worker.work import ask, evaluated, fill, held, run_under_way, tasks, until_tasks
from tests.support.aws_stub import Answer, AwsStub, Request, model_error
from tests.support.eventually import TIMEOUT
from tests.support.orders import answer_ten_times, invocations
from tests.support.workers import worker_process, working


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
