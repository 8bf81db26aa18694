"""Code of the user's that never ends, in a service and a worker of their own: both go on, and end."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT
from tests.support.orders import answer_ten_times, order, register
from tests.support.service import Service, running_service
from tests.support.settings import database_variables
from tests.support.workers import worker_process

ROOT = Path(__file__).parents[2]
HANGING = 40
"""More than there are threads for the user's code."""


@pytest.fixture
def settings(settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch) -> Settings:
    aws.respond = answer_ten_times
    monkeypatch.setenv("USE_CASE", "tests.support.hanging")
    monkeypatch.setenv("PREDICT_TIMEOUT", "15")  # of which a busy machine takes some for itself
    return settings


@pytest.fixture
def service(settings: Settings, tmp_path: Path) -> Iterator[Service]:
    variables = database_variables(settings) | {"DEFAULT_MODEL": "transit"}
    given = {name: os.environ[name] for name in os.environ if name.startswith(("AWS_", "PREDICT_"))}
    with running_service(ROOT, variables | given, tmp_path / "log") as service:
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url, timeout=TIMEOUT) as client:
        await register(client)
        items = [{"id": f"hangs{n}", "input": order(n, carrier="XX")} for n in range(HANGING)]
        items.append({"id": "good", "input": order()})
        assert (await client.post("/records", json=items)).status_code == 200
        yield client


async def until_it_computes(sessions: Sessions) -> None:
    held = text("select exists (select from content_claims where error is null)")
    async with asyncio.timeout(TIMEOUT), sessions() as session:
        while not await session.scalar(held):
            await asyncio.sleep(0.01)
            await session.rollback()


async def test_more_hanging_calls_than_threads_hold_no_other_and_no_stop(
    service: Service, client: httpx.AsyncClient
) -> None:
    async with asyncio.TaskGroup() as group:
        hung = [group.create_task(client.post(f"/predict/hangs{n}")) for n in range(HANGING)]
        answer = await client.post("/predict/good")
        assert answer.status_code == 200, answer.text
        service.process.terminate()
    answers = [one.result().json() for one in hung]
    assert {answer["title"] for answer in answers} == {"The pipeline's own code failed"}
    assert {answer["detail"].partition(" after")[0] for answer in answers} == {"preprocess had not ended"}
    assert await asyncio.to_thread(service.process.wait, TIMEOUT) == -signal.SIGTERM


async def test_a_worker_ends_while_code_hangs(
    client: httpx.AsyncClient,
    sessions: Sessions,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PREDICT_TIMEOUT", "1")
    asked = await client.post("/prediction-jobs", json={"all": True})
    assert asked.status_code == 202, asked.text
    with worker_process(settings, log=tmp_path / "worker") as worker:
        await until_it_computes(sessions)
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, TIMEOUT) == 0
