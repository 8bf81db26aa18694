"""`python -m app evaluate`, in this process, on a real database; a thread does what a worker would."""

import asyncio
import csv
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import JsonValue

from app.cli import main
from app.core.settings import Settings
from app.services.evaluations.evaluator import Evaluator
from app.services.runtime import open_runtime
from tests.support.eventually import TIMEOUT
from tests.support.jobs import queued
from tests.support.judged_orders import evaluate


def done(settings: Settings, **asked: JsonValue) -> int:
    """The id of a finished run."""

    async def work() -> int:
        async with open_runtime(settings) as runtime:
            return (await evaluate(runtime, None, **asked)).id

    return asyncio.run(work())


@contextmanager
def worker(settings: Settings) -> Iterator[None]:
    """Does one run, as soon as it is queued."""

    async def work() -> None:
        async with open_runtime(settings) as runtime, asyncio.timeout(TIMEOUT):
            waiting: list[int] = []
            while not waiting:
                waiting = await queued(runtime.database.transactions, "evaluate")
                await asyncio.sleep(0.01)
            await Evaluator(runtime).run(waiting[0])

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", *arguments])
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def table(out: str) -> list[dict[str, str]]:
    return list(csv.DictReader(out.splitlines(), delimiter="\t"))
