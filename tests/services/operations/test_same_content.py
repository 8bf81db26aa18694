"""Operations that records of the same content share, while the one that began it changes, or is gone."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.core.errors import AppError, NotFound
from app.core.settings import Settings
from app.services.predictions.answer import Answer
from app.services.predictions.predictor import Ask
from app.services.records import records
from app.services.runtime import Runtime
from tests.services.operations.test_fetching import step
from tests.services.operations.test_single_flight import answered, place
from tests.support.eventually import TIMEOUT
from tests.support.later_stub import LaterStub, later_runtime
from tests.support.operations import operate
from tests.support.orders import order
from tests.support.use_case import TRANSIT

BOTH_KINDS = pytest.mark.parametrize("submits", [True, False])


@pytest.fixture
async def runtime(settings: Settings, later: LaterStub, submits: bool) -> AsyncIterator[Runtime]:
    options = {} if submits else {"asynchronous": None}
    async with later_runtime(settings, **options) as runtime:
        yield runtime


async def waiting_for(runtime: Runtime, record_id: str) -> "asyncio.Task[Answer | AppError]":
    """Somebody who waits for it by now, with an operation that is there."""

    async def wait() -> Answer | AppError:
        until = asyncio.get_running_loop().time() + TIMEOUT
        ask = Ask("transit", until=until, respond_async="asked")
        return (await runtime.predictor.predict_many([record_id], ask))[record_id]

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.2)
    return task


@BOTH_KINDS
async def test_what_is_computed_is_what_was_asked_for(runtime: Runtime, later: LaterStub) -> None:
    number = await place(runtime, "a")
    same = await waiting_for(runtime, "same")
    await records.put(runtime.sessions, TRANSIT, "a", order(7.0))
    await operate(runtime)
    answer = await same
    assert isinstance(answer, Answer)
    assert answer.prediction == 15.0
    assert await place(runtime, "a") != number
    await operate(runtime)
    assert (await answered(runtime, "a")).prediction == 70.0
    async with runtime.sessions() as session:
        query = "select count(distinct content_hash), count(distinct cast(output as text)) from predictions"
        assert tuple((await session.execute(text(query))).one()) == (2, 2)


@BOTH_KINDS
async def test_who_began_it_is_deleted_and_others_wait_on(runtime: Runtime, later: LaterStub) -> None:
    await place(runtime, "a")
    own, same = await waiting_for(runtime, "a"), await waiting_for(runtime, "same")
    await records.delete(runtime.sessions, "a")
    gone = await own
    assert isinstance(gone, NotFound)
    async with runtime.sessions() as session:
        kept = "select count(*) from operations where record_id = 'a' and payload is not null"
        assert await session.scalar(text(kept)) == 0
    async with asyncio.timeout(TIMEOUT):
        while not same.done():  # what it asks for anew is begun when it finds out
            await operate(runtime)
            await asyncio.sleep(0.05)
    answer = await same
    assert isinstance(answer, Answer)
    assert (answer.record_id, answer.prediction) == ("same", 15.0)


@pytest.mark.parametrize("submits", [True])
async def test_the_version_is_deleted_and_nobody_waits_on(runtime: Runtime, later: LaterStub) -> None:
    await place(runtime, "a")
    same = await waiting_for(runtime, "same")
    for statement in (
        *("update models set live_version_id = null", "delete from promotions"),
        "delete from model_versions",
    ):
        async with runtime.sessions.begin() as session:
            await session.execute(text(statement))
    assert isinstance(await same, NotFound)
    await step(runtime)
    assert later.taken == []
