"""What tests of the command line ask for."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.terminal import progress
from app.core.settings import Settings
from app.db.jobs import jobs as rows
from app.services.records import records
from app.services.runtime import open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, order, prepare
from tests.support.settings import database_variables
from tests.support.use_case import TRANSIT


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """Ctrl-C interrupts; it is ignored where a shell's `&` started the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def orders(aws: AwsStub, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A live model, the records a, r1, r2, r3, and chunks of two."""
    aws.respond = answer_ten_times
    for name, value in database_variables(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DEFAULT_MODEL", "transit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rows, "RECORDS_PER_CHUNK", 2)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    asyncio.run(_prepare(settings))


async def _prepare(settings: Settings) -> None:
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        for ratio in (1.0, 2.0, 3.0):
            await records.put(runtime.database.transactions, TRANSIT, f"r{ratio:.0f}", order(ratio))
