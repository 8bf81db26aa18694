"""One invocation for what is asked for again and again, for as long as it takes."""

import asyncio

import pytest
from sqlalchemy import text

from app.core.errors import AppError, BackendRejected, BudgetSpent, NotFound
from app.core.errors.still_computing import StillComputing
from app.schemas.access.callers import Caller
from app.services.access.keys import NewKey
from app.services.predictions.answer import Answer
from app.services.predictions.predictor import Ask
from app.services.records import records
from app.services.runtime import Runtime
from tests.support.callers import asked_by, caller_with
from tests.support.later_stub import LaterStub
from tests.support.operations import open_ones, operate
from tests.support.orders import order
from tests.support.use_case import TRANSIT

LATER = Ask("transit", respond_async="asked")
SOON = Ask("transit", respond_async="version")


async def place(runtime: Runtime, record_id: str, ask: Ask = LATER) -> int:
    """The operation that it is answered with."""
    answer = (await runtime.predictor.predict_many([record_id], ask))[record_id]
    assert isinstance(answer, StillComputing), answer
    assert answer.accepted
    return answer.operation_id


async def answered(runtime: Runtime, record_id: str, ask: Ask = LATER) -> Answer:
    answer = (await runtime.predictor.predict_many([record_id], ask))[record_id]
    assert isinstance(answer, Answer), answer
    return answer


async def failure(runtime: Runtime, record_id: str) -> AppError:
    answer = (await runtime.predictor.predict_many([record_id], LATER))[record_id]
    assert isinstance(answer, AppError), answer
    return answer


async def test_many_asks_are_one_operation(runtime: Runtime, later: LaterStub) -> None:
    asks = [place(runtime, record_id) for record_id in ("a", "same") for _ in range(20)]
    assert len({*await asyncio.gather(*asks)}) == 1
    waiting = asyncio.create_task(answered(runtime, "same", Ask("transit")))
    await operate(runtime)
    assert (await waiting).prediction == 15.0
    assert ((await answered(runtime, "a")).cache, len(later.taken)) == ("HIT", 1)


async def test_the_platform_is_left_alone_by_who_waits_too_short(runtime: Runtime, later: LaterStub) -> None:
    until = asyncio.get_running_loop().time() + 0.2
    hurried = (await runtime.predictor.predict_many(["a"], Ask("transit", until=until)))["a"]
    assert isinstance(hurried, StillComputing)
    assert (hurried.status, hurried.accepted) == (504, False)
    assert "as operation 1" in hurried.detail
    await operate(runtime)
    assert ((await answered(runtime, "a")).cache, len(later.taken)) == ("HIT", 1)


async def test_a_refresh_takes_the_place_of_what_was_there(runtime: Runtime, later: LaterStub) -> None:
    await place(runtime, "a")
    await operate(runtime)
    first = await answered(runtime, "a")
    refresh = Ask("transit", refresh=True, respond_async="asked")
    assert await place(runtime, "a", refresh) == await place(runtime, "a", refresh)
    assert (await answered(runtime, "a")).id == first.id
    await operate(runtime)
    second = await answered(runtime, "a")
    assert (second.id != first.id, len(later.taken)) == (True, 2)
    async with runtime.sessions() as session:
        current = "select count(*) from predictions where superseded_at is null"
        assert await session.scalar(text(current)) == 1


async def test_a_failure_is_shared_for_a_while_and_then_tried_again(
    runtime: Runtime, later: LaterStub
) -> None:
    later.is_open = False
    later.fail(0, "Received client error (400) from primary with message 'secret'")
    await place(runtime, "a")
    await operate(runtime)
    for _ in range(2):
        shared = await failure(runtime, "a")
        assert isinstance(shared, BackendRejected)
        assert "secret" not in shared.detail
    async with runtime.sessions.begin() as session:
        await session.execute(text("update operations set retry_at = now()"))
    later.open()
    await place(runtime, "a")
    await operate(runtime)
    assert ((await answered(runtime, "a")).prediction, len(later.taken)) == (15.0, 2)


async def test_a_budget_is_used_once_by_who_began_it(runtime: Runtime, later: LaterStub) -> None:
    new = NewKey("frugal", ["predict"], inferences_per_day=1)
    with asked_by(await caller_with(runtime.database, new)):
        assert await place(runtime, "a") == await place(runtime, "same")
        assert isinstance(await failure(runtime, "b"), BudgetSpent)
    assert await open_ones(runtime.sessions) == 1
    await operate(runtime)
    used = "select sum(inferences) from key_inferences"
    async with runtime.sessions() as session:
        assert (await session.scalar(text(used)), len(later.taken)) == (1, 1)


async def tenant(runtime: Runtime, name: str) -> Caller:
    return await caller_with(runtime.database, NewKey(name, ["predict", "write"], record_prefix=f"{name}/"))


async def test_tenants_with_the_same_content_have_an_operation_each(
    runtime: Runtime, later: LaterStub
) -> None:
    from app.services.operations import reading

    places = {}
    for name in ("x", "y"):
        caller = await tenant(runtime, name)
        with asked_by(caller):
            await records.put(runtime.sessions, TRANSIT, f"{name}/1", order(1.5))
            places[name] = await place(runtime, f"{name}/1"), caller
    await operate(runtime)
    for name, other in (("x", "y"), ("y", "x")):
        number, caller = places[name]
        with asked_by(caller):
            found = await reading.get(runtime.database.statements, number)
            assert found.prediction is not None
            assert (found.row.record_id, found.prediction.output) == (f"{name}/1", 15.0)
            with pytest.raises(NotFound):
                await reading.get(runtime.database.statements, places[other][0])
    assert len(later.taken) == 2


async def test_a_record_that_is_deleted_leaves_no_input(runtime: Runtime, later: LaterStub) -> None:
    await place(runtime, "b")
    await records.delete(runtime.sessions, "b")
    async with runtime.sessions() as session:
        left = (await session.execute(text("select state, payload from operations"))).all()
    assert [tuple(row) for row in left] == [("failed", None)]
    await operate(runtime)
    assert later.taken == []


async def test_same_content_after_it_has_landed_costs_nothing(runtime: Runtime, later: LaterStub) -> None:
    """Another record's answer will do, and one that landed after this one was looked up."""
    await place(runtime, "a")
    await operate(runtime)
    same = await answered(runtime, "same")
    assert (same.cache, same.record_id, same.prediction, len(later.taken)) == ("HIT", "same", 15.0, 1)
