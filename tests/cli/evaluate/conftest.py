"""What `evaluate` works on here: a live model, and orders with truths."""

import asyncio
from pathlib import Path

import pytest
from structlog.typing import EventDict

from app.cli.terminal import progress
from app.core.settings import Settings
from app.services.runtime import open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.judged_orders import store_judged_orders
from tests.support.orders import answer_ten_times, prepare
from tests.support.settings import database_variables


@pytest.fixture(autouse=True)
def _orders(
    aws: AwsStub,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    logs: list[EventDict],  # the thread's would be among what the command prints
) -> None:
    """A live model, and orders with truths."""
    aws.respond = answer_ten_times
    for name, value in database_variables(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DEFAULT_MODEL", "transit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    asyncio.run(_prepare(settings))


async def _prepare(settings: Settings) -> None:
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        await store_judged_orders(runtime.database.transactions)
