"""What others saw go wrong under load: callers who hang up, and migrations while requests run."""

import asyncio
import itertools
import threading

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions
from app.main import create_app
from tests.support import aws_stub
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT, until
from tests.support.locks import until_it_is_waited_for
from tests.support.orders import answer_ten_times, invocations, register, store
from tests.support.server import serving


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """How long a machine takes for many calls is not what is tested; nobody may have to wait for a lease."""
    return settings.model_copy(update={"database_pool_timeout": TIMEOUT, "claim_lease": 3600})


async def test_200_aborted_requests_leak_nothing(
    settings: Settings, sessions: Sessions, aws: AwsStub
) -> None:
    aws.respond = answer_ten_times
    app = create_app(settings)
    with serving(app) as address:
        async with httpx.AsyncClient(base_url=address, timeout=TIMEOUT) as client:
            await register(client)
            await store(client, {f"r{index}": float(index) for index in range(200)})
        release = threading.Event()
        aws.respond = lambda request: aws_stub.Answer(
            200, answer_ten_times(request).body, {"Content-Type": "text/csv"}, wait=release
        )
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=address, limits=limits, timeout=TIMEOUT) as client:
            calls = [
                asyncio.create_task(client.post(f"/predict/r{index}?model=transit")) for index in range(200)
            ]
            await until(lambda: len(invocations(aws)) == settings.inference_concurrency)
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
        release.set()
        await until(lambda: not app.state.runtime.predictor.flights.busy)
        assert app.state.runtime.database.engine.pool.checkedout() == 0
        assert await connections(sessions) <= settings.database_pool_size + 1
        async with httpx.AsyncClient(base_url=address, timeout=TIMEOUT) as client:
            assert (await client.post("/predict/r7?model=transit")).json()["prediction"] == 70.0
            items = (await client.get("/predictions", params={"limit": 1000})).json()["items"]
    ids = [item["record_id"] for item in items]
    assert len(ids) == len(set(ids))


async def connections(sessions: Sessions) -> int:
    """How many the database counts, the one that asks left out."""
    counted = "select count(*) from pg_stat_activity where datname = current_database()"
    mine = "and pid <> pg_backend_pid() and backend_type = 'client backend'"
    async with sessions() as session:
        return int(await session.scalar(text(f"{counted} {mine}")) or 0)


@pytest.mark.parametrize(
    "migration",
    [
        "alter table predictions add column note text",
        "alter table predictions alter column revision type varchar(300)",
        """drop index uq_predictions_current_content;
           create unique index uq_predictions_current_content on predictions
             (content_hash, model_version_id, pipeline_version, record_id, revision)
             where superseded_at is null""",
    ],
)
async def test_a_migration_under_traffic_fails_no_request(
    client: httpx.AsyncClient, app: FastAPI, aws: AwsStub, migration: str
) -> None:
    """Requests come before it, wait for it while it goes on, and come after it."""
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {f"r{index}": float(index) for index in range(60)})
    migrated, answers = asyncio.Event(), list[httpx.Response]()

    async def call_on_and_on(first: int) -> None:
        for index in itertools.count(first, CALLERS):
            answers.append(await client.post(f"/predict/r{index % 60}?model=transit"))
            if migrated.is_set():
                break

    async with asyncio.TaskGroup() as group:
        for first in range(CALLERS):
            group.create_task(call_on_and_on(first))
        await until(lambda: len(answers) >= 2 * CALLERS)  # statements are prepared on every connection
        async with app.state.runtime.database.engine.connect() as connection:
            for statement in migration.split(";"):
                await connection.execute(text(statement))
            await until_it_is_waited_for(connection)
            await connection.commit()
        migrated.set()
    calls = [client.post(f"/predict/r{index}?model=transit") for index in range(60)]
    answers += await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200}


CALLERS = 20
