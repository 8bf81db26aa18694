"""`python -m app jobs`, in this process, on a real database; a thread does what a worker would."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.cli import main
from app.core.settings import Settings
from app.schemas.jobs.jobs import PredictionJob, PredictionJobRequest
from app.services.jobs import chunks as prediction_chunks
from app.services.jobs import jobs
from app.services.runtime import open_runtime
from tests.support.eventually import TIMEOUT
from tests.support.jobs import queued
from tests.support.use_case import TRANSIT


@contextmanager
def worker(settings: Settings, chunks: int, *, after: float = 0) -> Iterator[None]:
    """Does so many chunks, as they come, from ``after`` seconds on."""

    async def work() -> None:
        await asyncio.sleep(after)
        async with open_runtime(settings) as runtime, asyncio.timeout(TIMEOUT):
            done = 0
            while done < chunks:
                waiting = (await queued(runtime.database.transactions))[done:]
                for chunk_id in waiting:
                    await prediction_chunks.run(runtime, chunk_id)
                done += len(waiting)
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    try:
        yield
    finally:
        thread.join()


async def ask(settings: Settings, *, cancelled: bool = False) -> PredictionJob:
    async with open_runtime(settings) as runtime:
        sessions = runtime.database.transactions
        wanted = PredictionJobRequest(model="transit", all=True)
        job = await jobs.ask(sessions, TRANSIT, settings, wanted)
        if cancelled:
            await jobs.cancel(sessions, job.id)
        return job


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors
