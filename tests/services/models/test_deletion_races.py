"""A version is deleted while something comes to refer to it: whoever is late is told so."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.settings import Settings
from app.db import models as rows
from app.db import version_removal
from app.db.engine import Sessions
from app.db.predictions.scope import Scope
from app.schemas.hosting.deployments import Deployment
from app.services.predictions.flights import Wanted
from app.services.runtime import open_runtime
from tests.support.app import client_of, running_app
from tests.support.aws_stub import Answer, AwsStub, Request
from tests.support.eventually import TIMEOUT, until
from tests.support.locks import until_it_is_waited_for
from tests.support.orders import answer_ten_times, invocations, register, store
from tests.support.use_case import TRANSIT

ASKED: dict[str, JsonValue] = {"model": "transit", "version": "2"}
LATE: list[tuple[str, str, dict[str, JsonValue] | None]] = [
    ("POST", "/predict/a?model=transit&version=2", None),
    ("POST", "/predict", ASKED | {"record_ids": ["a", "b"]}),
    ("POST", "/evaluations", ASKED),
    ("POST", "/prediction-jobs", ASKED | {"all": True}),
    ("PUT", "/models/transit/evaluation-schedule", {"cron": "0 6 * * 1", "version": "2"}),
    ("POST", "/models/transit/promote", {"version": "2", "probe": False}),
    ("DELETE", "/models/transit/versions/2", None),
]
VERSION = "from model_versions where version = '2'"
EARLY = {
    "it has evaluation 1.": f"""
        insert into evaluations (model_version_id, filter, state) select id, '{{}}', 'done' {VERSION}
    """,
    "it has prediction job 1.": f"""
        insert into prediction_jobs (model_version_id, engine, request, state)
        select id, 'pipeline', '{{}}', 'done' {VERSION}
    """,
    "it has the model's evaluation schedule.": f"""
        insert into evaluation_schedules (model_id, cron, request, next_run)
        select model_id, '0 6 * * 1', '{{"version": "2"}}', now() {VERSION}
    """,
    "it is live.": f"""
        with promoted as (insert into promotions (model_id, version_id) select model_id, id {VERSION})
        update models set live_version_id = (select id {VERSION}) where name = 'transit'
    """,
}
PREDICTED = f"""
    insert into predictions (model_version_id, revision, pipeline_version, record_id, content_hash,
        output, raw_output, latency_ms)
    select id, '', 'p', 'a', 'h', '1', '1', 1 {VERSION}
"""


@pytest.fixture
async def client(settings: Settings, aws: AwsStub) -> AsyncIterator[httpx.AsyncClient]:
    """Version 1 of `transit` is live, 2 was never; the records a and b."""
    aws.respond = answer_ten_times
    async with running_app(settings) as app, client_of(app) as client:
        await register(client)
        await register(client, "2", promote=False)
        await store(client, {"a": 1.5, "b": 2.5})
        yield client


@asynccontextmanager
async def deleting(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """A deletion of version 2, which is done at the end."""
    async with sessions.begin() as session:
        model = await rows.lock_model(session, "transit")
        assert model is not None
        version = await rows.lock_version(session, model.id, "2")
        assert version is not None
        await version_removal.remove(session, version)
        yield session


@pytest.mark.parametrize(("method", "path", "body"), LATE)
async def test_who_comes_while_it_is_deleted_finds_it_gone(
    client: httpx.AsyncClient, sessions: Sessions, method: str, path: str, body: dict[str, JsonValue] | None
) -> None:
    async with deleting(sessions) as session:
        calls = [asyncio.create_task(client.request(method, path, json=body)) for _ in range(2)]
        await until_it_is_waited_for(session)
    for answer in await asyncio.gather(*calls):
        assert answer.status_code == 404, answer.text
        assert "version" in answer.json()["detail"]


@pytest.mark.parametrize(("said", "statement"), EARLY.items())
async def test_what_came_before_is_seen_by_the_deletion(
    client: httpx.AsyncClient, sessions: Sessions, said: str, statement: str
) -> None:
    async with sessions.begin() as session:
        await session.execute(text(statement))
        deletion = asyncio.create_task(client.delete("/models/transit/versions/2"))
        await until_it_is_waited_for(session)
    answer = await deletion
    assert (answer.status_code, said in answer.json()["detail"]) == (409, True), answer.text


async def test_a_prediction_that_came_before_goes_with_it(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        await session.execute(text(PREDICTED))
        deletion = asyncio.create_task(client.delete("/models/transit/versions/2"))
        await until_it_is_waited_for(session)
    assert (await deletion).status_code == 204


async def test_all_who_wait_for_a_prediction_hear_that_its_version_went(
    client: httpx.AsyncClient, aws: AwsStub
) -> None:
    release = threading.Event()

    def held(request: Request) -> Answer:
        release.wait(TIMEOUT)
        return answer_ten_times(request)

    aws.respond = held
    path = "/predict/a?model=transit&version=2"
    calls = [asyncio.create_task(client.post(path)) for _ in range(3)]
    await until(lambda: len(invocations(aws)) > 0)
    try:
        assert (await client.delete("/models/transit/versions/2")).status_code == 204
    finally:
        release.set()
    said = {(answer.status_code, answer.json()["detail"]) for answer in await asyncio.gather(*calls)}
    assert said == {(404, "The model version was deleted meanwhile.")}
    assert (await client.post(path)).json()["detail"] == "The model 'transit' has no version '2'."


async def test_a_key_of_a_version_that_is_gone_is_not_claimed_for_ever(settings: Settings) -> None:
    async with open_runtime(settings, TRANSIT) as runtime:
        gone = Deployment(10**9, "transit", "2", "sagemaker", {}, ())
        with pytest.raises(NotFound, match="deleted meanwhile"):
            await runtime.predictor.flights.predict(gone, Scope(gone.id, "p", 0), [Wanted("a", "h", {})])
