"""Workers: in this process, and as processes that can be killed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from app.core.settings import Settings
from app.services import worker
from app.services.runtime import Runtime, open_runtime
from tests.support.settings import database_variables

ROOT = Path(__file__).parents[2]
QUICK = """
from datetime import timedelta
from app.cli import main
from app.services import worker
from app.services.worker import periodic, under_way
worker.POLL, worker.HEARTBEAT = timedelta(seconds=0.3), timedelta(seconds=2)
under_way.GRACE = periodic.GRACE = 0.3
main(["worker"])
"""
"""A worker that notices and gives up sooner."""


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Runtime]:
    """A worker in this process, stopped in order at the end; gives its runtime."""
    stop = asyncio.Event()
    async with open_runtime(settings, bulk=True) as runtime:
        task = asyncio.create_task(worker.work(runtime, stop))
        try:
            yield runtime
        finally:
            stop.set()
            await task


@contextmanager
def worker_process(
    settings: Settings, *, log: Path = Path(os.devnull), code: str = QUICK, level: str = "WARNING"
) -> Iterator["subprocess.Popen[bytes]"]:
    """A quick worker as a process of its own, killed at the end if it is still there."""
    variables = database_variables(settings) | {"LOG_LEVEL": level}
    command = [sys.executable, "-c", code]
    with (
        log.open("ab") as said,
        subprocess.Popen(command, cwd=ROOT, env=os.environ | variables, stderr=said) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
