"""How a worker ends that is told to, whatever hangs in it."""

import asyncio
import signal
from pathlib import Path

import pytest

from app.core.settings import Settings
from app.services.runtime import open_runtime
from tests.services.worker.work import ask, fill
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import answer_ten_times
from tests.support.workers import QUICK, worker_process

JUDGING_HANGS = """
import time
from pathlib import Path
from app.services.evaluations import judging
def hang(*_):
    Path({here!r}).touch()
    time.sleep(3600)
judging.judge_all = hang
"""
CLOSING_HANGS = """
import asyncio
from app.cli import worker
from app.db.listener import Listener
async def hang(_):
    await asyncio.sleep(3600)
Listener.aclose = hang
worker.MORE = 0.5
"""


async def test_code_of_the_users_that_never_ends_does_not_hold_it(
    settings: Settings, aws: AwsStub, tmp_path: Path
) -> None:
    aws.respond = answer_ten_times
    here = tmp_path / "judging"
    async with open_runtime(settings) as runtime:
        await fill(runtime)
        await ask(runtime.sessions)
    with worker_process(settings, code=JUDGING_HANGS.format(here=str(here)) + QUICK) as process:
        await until(here.exists)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, TIMEOUT) == 0


async def test_an_end_that_hangs_is_given_up(
    settings: Settings, aws: AwsStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREDICT_TIMEOUT", "0.5")
    log = tmp_path / "log"
    with worker_process(settings, log=log, code=CLOSING_HANGS + QUICK, level="INFO") as process:
        await until(lambda: "worker ready" in log.read_text())
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, TIMEOUT) == 1
    assert "something in it does not end" in log.read_text()
