"""R4, of a worker: the same outages, and it is well again by itself."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.settings import Settings
from app.db.engine import create_direct_engine, create_sessions
from app.db.jobs import jobs as job_rows
from app.schemas.jobs.jobs import PredictionJobRequest
from app.schemas.records.records import RecordWrite
from app.services.jobs import jobs
from app.services.records import records
from app.services.runtime import open_runtime
from tests.chaos.conftest import Figure
from tests.chaos.database.faults import FAULTS, Fault, lose_connections, named
from tests.chaos.database.server import Durable, durable_server, wait_until
from tests.chaos.workers import PLAIN
from tests.support.aws_stub import AwsStub
from tests.support.line import Line, line_to
from tests.support.orders import answer_ten_times, order, prepare
from tests.support.postgres import query
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT
from tests.support.workers import worker_process

pytestmark = pytest.mark.chaos
WELL_SECONDS, LONGEST = 5.0, 120.0
AHEAD = 300
"""Records of the job that is under way when the outage begins: some seconds' work."""
WAITS_FOR_EVER = """
from app.db import direct
from app.db.queue import queue
from app.db.server import patience
patience.ANSWER = patience.FIRST_ANSWER = direct.ANSWER = direct.FIRST_ANSWER = patience.IDLE = 1e6
queue.FIRST_ANSWER = queue.IDLE = queue.ANSWER_SECONDS = 1e6
"""


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch, aws: AwsStub) -> None:
    monkeypatch.setattr(job_rows, "RECORDS_PER_CHUNK", 3)
    aws.respond = answer_ten_times


@FAULTS
def test_it_is_well_again_by_itself(fault: Fault, figure: Figure, tmp_path: Path) -> None:
    with worker(tmp_path) as (server, line):
        asyncio.run(_ask(server, 0, AHEAD))
        wait_until(lambda: _done(server) > 3, what="the worker is at it")
        fault(server, line)
        began, before = time.monotonic(), _done(server)
        asyncio.run(_ask(server, AHEAD, 12))
        wait_until(lambda: _done(server) >= before + 2, what="the worker goes on", seconds=LONGEST)
        seconds = time.monotonic() - began
        wait_until(lambda: {"done"} == _states(server), what="all jobs are done", seconds=LONGEST)
    figure(
        "R4", f"a worker amid a job: {named(fault)}", "all done; well again within 5 s", f"{seconds:.1f} s"
    )
    assert seconds <= WELL_SECONDS


def test_the_harness_sees_a_worker_that_does_not_recover(tmp_path: Path) -> None:
    with worker(tmp_path, broken=WAITS_FOR_EVER) as (server, line):
        asyncio.run(_ask(server, 0, 3))
        wait_until(lambda: _done(server) == 1, what="the worker is at it")
        lose_connections(server, line)
        asyncio.run(_ask(server, 3, 3))
        with pytest.raises(TimeoutError):
            wait_until(lambda: _done(server) == 2, what="the worker goes on", seconds=20)


@contextmanager
def worker(folder: Path, *, broken: str = "") -> Iterator[tuple[Durable, Line]]:
    """One, on a line to a server of its own."""
    with durable_server() as server, line_to(server.url) as line:
        asyncio.run(_prepare(_settings(server.url)))
        code = broken + PLAIN
        with worker_process(_settings(line.url), log=folder / "worker.log", code=code, level="INFO"):
            yield server, line


def _settings(url: str) -> Settings:
    return IsolatedSettings(database_url=SecretStr(url))


async def _prepare(settings: Settings) -> None:
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)


async def _ask(server: Durable, first: int, count: int) -> None:
    """A job about so many new records, by way of no line."""
    settings = _settings(server.url)
    engine = create_direct_engine(settings)
    sessions = create_sessions(engine)
    items = [RecordWrite(id=f"r{one}", input=order(float(one))) for one in range(first, first + count)]
    await records.put_many(sessions, TRANSIT, items)
    wanted = PredictionJobRequest.model_validate({"model": "transit", "ids": [item.id for item in items]})
    await jobs.ask(sessions, TRANSIT, settings, wanted)
    await engine.dispose()


def _done(server: Durable) -> int:
    """Chunks."""
    [(count,)] = query(server.url, "select count(*) from prediction_job_chunks where state = 'done'")
    return int(str(count))


def _states(server: Durable) -> set[object]:
    """Those of jobs."""
    return {state for (state,) in query(server.url, "select state from prediction_jobs")}
