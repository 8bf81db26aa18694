"""A worker that is stopped in the middle of a transaction, and so holds what that has locked."""

import subprocess
from datetime import timedelta

import psutil
import pytest

from app.core.settings import Settings
from app.db.queue import stuck
from app.services import worker
from app.services.runtime import open_runtime
from tests.services.worker.work import ask, evaluated, fill
from tests.support.aws_stub import AwsStub
from tests.support.eventually import until
from tests.support.orders import answer_ten_times
from tests.support.workers import QUICK, worker_process, working

STOPS = """
import asyncio, os, signal
from asyncpg import Connection
once = Connection.prepare
async def prepare(connection, statement, **named):
    preparing = asyncio.ensure_future(once(connection, statement, **named))
    await asyncio.sleep(0)
    if "DELETE FROM evaluation_items" in statement:
        os.kill(os.getpid(), signal.SIGSTOP)
    return await preparing
Connection.prepare = prepare
"""
"""When it has sent a statement to be parsed, and before it sends the parameters: the session is active."""


async def test_its_run_is_taken_over(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stuck, "PATIENCE", 0.1)
    monkeypatch.setattr(worker, "HEARTBEAT", timedelta(seconds=1))
    aws.respond = answer_ten_times
    async with open_runtime(settings) as runtime:
        await fill(runtime)
        sessions = runtime.database.transactions
        with worker_process(settings, code=STOPS + QUICK) as stopped:
            evaluation_id = await ask(sessions)
            await until(lambda: _is_stopped(stopped))
            async with working(settings):
                run = await evaluated(sessions, evaluation_id)
    assert (run.state, run.predicted) == ("done", 30)


def _is_stopped(process: "subprocess.Popen[bytes]") -> bool:
    return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED
