"""Whether readiness says that no worker lives where there is work for one."""

import httpx
import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions
from app.services.upkeep import health
from tests.api.test_health import becomes, missing
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, register, store
from tests.support.workers import working

TASKS = missing("No worker runs (python -m app worker), and there are tasks due.")
OPERATIONS = missing("No worker runs (python -m app worker), and there are operations due.")
BOTH = missing("No worker runs (python -m app worker), and there are tasks and evaluation schedules due.")


@pytest.fixture(autouse=True)
def _short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT", 0.05)


@pytest.fixture
async def client_with_model(client: httpx.AsyncClient, aws: AwsStub) -> httpx.AsyncClient:
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {"r1": 1.0})
    return client


async def change(sessions: Sessions, statement: str) -> None:
    async with sessions.begin() as session:
        await session.execute(text(statement))


async def test_work_without_a_worker_is_said_until_there_is_one(
    client_with_model: httpx.AsyncClient, settings: Settings, sessions: Sessions
) -> None:
    client = client_with_model
    await becomes(client, "ok")  # nobody needs one
    asked = await client.post("/prediction-jobs", json={"model": "transit", "ids": ["r1"]})
    assert asked.status_code == 202
    await becomes(client, "degraded", workers=TASKS)
    schedule = {"cron": "0 6 * * 1", "metrics": ["mae"]}
    assert (await client.put("/models/transit/evaluation-schedule", json=schedule)).status_code == 200
    await becomes(client, "degraded", workers=TASKS)  # it is not due yet
    await change(sessions, "update evaluation_schedules set next_run = now()")
    await becomes(client, "degraded", workers=BOTH)
    async with working(settings):
        await becomes(client, "ok")


async def test_what_was_promised_for_later_is_due_at_once(client_with_model: httpx.AsyncClient) -> None:
    asked = await client_with_model.post("/predict/r1?model=transit", headers={"Prefer": "respond-async"})
    assert asked.status_code == 202
    await becomes(client_with_model, "degraded", workers=OPERATIONS)


async def test_a_worker_that_shows_no_life_is_dead_and_forgotten(
    client_with_model: httpx.AsyncClient, settings: Settings, sessions: Sessions
) -> None:
    client = client_with_model
    async with working(settings):
        await becomes(client, "ok")
    await change(sessions, "update workers set until = now() - interval '2 hours'")
    await change(sessions, "update pgqueuer_schedules set next_run = now() + interval '1 day'")
    await client.post("/prediction-jobs", json={"model": "transit", "ids": ["r1"]})
    await becomes(client, "degraded", workers=TASKS)
    async with working(settings):
        await becomes(client, "ok")
    async with sessions() as session:
        assert await session.scalar(text("select count(*) from workers")) == 1
