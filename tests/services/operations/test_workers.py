"""Operations over the ends of workers, and over a roll-out."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.core.errors import BackendDown
from app.db.operations import working as rows
from app.db.operations.working import TakenOperation
from app.services.operations import operator
from app.services.operations.ending import Ending
from app.services.operations.operator import Operator
from app.services.operations.submitted import Submitted
from app.services.pipeline import Computed
from app.services.predictions.predictor import Ask
from app.services.runtime import Runtime
from tests.services.operations.test_fetching import DUE, change, step
from tests.services.operations.test_single_flight import answered, place
from tests.support.eventually import until
from tests.support.later_stub import LaterStub
from tests.support.operations import operate, quick

ROLL_OUT = """
    update model_versions set epoch = nextval('looks'), revisions = '{"second"}'
"""


async def take(runtime: Runtime, most: int = 10) -> list[TakenOperation]:
    """As a worker that then dies."""
    async with runtime.sessions.begin() as session:
        version = runtime.predictor.pipeline_version
        return await rows.take(session, uuid4(), version, submits=True, most=most, lease=60)


async def test_what_a_worker_has_taken_is_its_own_until_the_lease_is_over(
    runtime: Runtime, later: LaterStub
) -> None:
    await place(runtime, "a")
    assert len(await take(runtime)) == 1
    assert await take(runtime) == []
    await change(runtime, DUE)
    await operate(runtime)
    assert ((await answered(runtime, "a")).prediction, len(later.taken)) == (15.0, 1)


async def test_workers_share_what_is_due(runtime: Runtime, later: LaterStub) -> None:
    for record_id in ("a", "b"):
        await place(runtime, record_id)
    taken = await asyncio.gather(take(runtime, 1), take(runtime, 1), take(runtime, 1))
    assert sorted(len(each) for each in taken) == [0, 1, 1]


async def test_one_that_wakes_up_late_changes_nothing(runtime: Runtime, later: LaterStub) -> None:
    """It has handed the row over, which another worker did while it slept, and both have the answer."""
    await place(runtime, "a", Ask("transit", refresh=True, respond_async="asked"))
    [late] = await take(runtime)
    await step(runtime)
    sleeper = Submitted(runtime, uuid4())
    await sleeper.work(late)
    await step(runtime)
    first = await answered(runtime, "a")
    await sleeper.work(
        late._replace(ticket={"inference_id": "", "output": "s3://bucket/out/1", "seconds": 60})
    )
    async with runtime.sessions() as session:
        assert await session.scalar(text("select count(*) from predictions")) == 1
    assert (await answered(runtime, "a")).id == first.id


async def test_of_two_that_have_the_answer_one_lands(runtime: Runtime, later: LaterStub) -> None:
    await place(runtime, "a", Ask("transit", refresh=True, respond_async="asked"))
    [first] = await take(runtime)
    await change(runtime, DUE)
    owner = uuid4()
    async with runtime.sessions.begin() as session:
        version = runtime.predictor.pipeline_version
        [second] = await rows.take(session, owner, version, submits=True, most=1, lease=60)
    computed = Computed(15.0, 15.0, None, 1.0)
    for one, taken in ((uuid4(), first), (owner, second), (owner, second)):
        await Ending(runtime.settings, runtime.database, one).land(taken, computed)
    async with runtime.sessions() as session:
        assert await session.scalar(text("select count(*) from predictions")) == 1


async def test_a_failure_ends_nothing_that_another_has_taken(runtime: Runtime, later: LaterStub) -> None:
    await place(runtime, "a")
    [late] = await take(runtime)
    await step(runtime)
    await Ending(runtime.settings, runtime.database, uuid4()).fail(late, BackendDown("It is failing."))
    await step(runtime)
    assert (await answered(runtime, "a")).prediction == 15.0


async def test_a_stop_hands_back_what_has_not_been_sent(
    runtime: Runtime, later: LaterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operator, "GRACE", 0.1)
    hangs = asyncio.Event()

    async def hang(self: Submitted, taken: TakenOperation) -> None:
        hangs.set()
        await asyncio.Event().wait()

    await place(runtime, "a")
    with quick():
        with monkeypatch.context() as patched:
            patched.setattr(Submitted, "work", hang)
            one = Operator(runtime)
            one.begin()
            await until(hangs.is_set)
            await one.aclose()
        await operate(runtime)
    assert ((await answered(runtime, "a")).prediction, len(later.taken)) == (15.0, 1)


async def test_after_a_roll_out_nobody_knows_what_made_an_answer(runtime: Runtime, later: LaterStub) -> None:
    """Who has the operation gets it; it is nobody else's."""
    number = await place(runtime, "a")
    await step(runtime)
    await change(runtime, ROLL_OUT)
    await step(runtime)
    async with runtime.sessions() as session:
        query = "select revision, superseded_at is null from predictions join operations on prediction_id ="
        query = f"{query} predictions.id where operations.id = {number}"
        [(revision, is_current)] = (await session.execute(text(query))).all()
    assert (revision.partition(":")[0], is_current) == ("pending", False)
    again = await place(runtime, "a")
    assert again != number
    await operate(runtime)
    assert ((await answered(runtime, "a")).revision, len(later.taken)) == ("second", 2)


async def test_what_is_sent_after_a_roll_out_is_the_new_ones(runtime: Runtime, later: LaterStub) -> None:
    await place(runtime, "a")
    await change(runtime, ROLL_OUT)
    await operate(runtime)
    assert (await answered(runtime, "a")).revision == "second"


async def test_a_version_that_is_deleted_takes_its_operations_with_it(
    runtime: Runtime, later: LaterStub
) -> None:
    await place(runtime, "a")
    [taken] = await take(runtime)
    await change(runtime, "update models set live_version_id = null; ")
    await change(runtime, "delete from promotions")
    await change(runtime, "delete from model_versions")
    await Submitted(runtime, uuid4()).work(taken)
    async with runtime.sessions() as session:
        assert await session.scalar(text("select count(*) from operations")) == 0
    assert later.taken == []
