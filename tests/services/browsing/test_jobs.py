"""Work that was asked for: by whom, what waits for a worker, and what failed."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.schemas.evaluations.runs import EvaluationRequest
from app.services.access.keys import NewKey
from app.services.browsing import jobs as browsing
from app.services.browsing import queue
from app.services.evaluations import runs
from app.services.jobs import chunks, jobs
from app.services.predictions.predictor import Ask
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.callers import asked_by, caller_with
from tests.support.jobs import ask, queued, runtime_with_orders
from tests.support.orders import answer_ten_times
from tests.support.use_case import TRANSIT


@pytest.fixture
async def runtime(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    """Seven orders, and chunks of three."""
    aws.respond = answer_ten_times
    async with runtime_with_orders(settings, monkeypatch, 7) as runtime:
        yield runtime


async def waiting(runtime: Runtime) -> dict[str, int]:
    return {one.kind: one.number for one in (await queue.look(runtime.sessions)).waiting}


async def test_what_waits_is_counted_by_kind(runtime: Runtime) -> None:
    assert await waiting(runtime) == {"chunks": 0, "evaluations": 0, "operations": 0}
    job = await ask(runtime, all=True)
    await runs.ask(runtime.sessions, TRANSIT, EvaluationRequest(model="transit"), default_model=None)
    with pytest.raises(Exception, match="still being computed"):
        await runtime.predictor.predict("r1", Ask("transit", respond_async="asked"))
    assert await waiting(runtime) == {"chunks": 3, "evaluations": 1, "operations": 1}
    await chunks.run(runtime, (await queued(runtime.sessions))[0])
    assert (await waiting(runtime))["chunks"] == 2
    await jobs.cancel(runtime.sessions, job.id)
    assert (await waiting(runtime))["chunks"] == 0


async def test_it_is_stuck_while_no_worker_lives(runtime: Runtime) -> None:
    assert not (await queue.look(runtime.sessions)).is_stuck
    await ask(runtime, all=True)
    state = await queue.look(runtime.sessions)
    assert (state.workers, state.depth, state.is_stuck) == (0, 3, True)
    async with runtime.sessions.begin() as session:
        lives = text("insert into workers (id, until) values (:id, now() + :seconds * interval '1 second')")
        await session.execute(lives, {"id": uuid4(), "seconds": 60})
        await session.execute(lives, {"id": uuid4(), "seconds": -1})
    state = await queue.look(runtime.sessions)
    assert (state.workers, state.is_stuck) == (1, False)


async def test_the_first_failures_and_all_causes(runtime: Runtime) -> None:
    job = await ask(runtime, ids=["r1", "x1", "x2", "x3", "x4"])
    for chunk_id in await queued(runtime.sessions):
        await chunks.run(runtime, chunk_id)
    seen = await browsing.about(runtime.sessions, job.id)
    assert (seen.job.state, seen.job.predicted, seen.job.failed) == ("done", 1, 4)
    assert [(one.title, one.records) for one in seen.causes] == [("Not found", 4)]
    assert [(one.record_id, one.title) for one in seen.failures] == [
        (f"x{number}", "Not found") for number in (1, 2, 3, 4)
    ]
    assert "x1" in seen.failures[0].detail


async def test_who_asked_is_told_to_who_may_know(runtime: Runtime) -> None:
    own = await caller_with(runtime.database, NewKey("own", ["predict"], models=["transit"]))
    other = await caller_with(runtime.database, NewKey("other", ["predict"], models=["transit"]))
    nobodys = await ask(runtime, all=True)
    with asked_by(own):
        mine = await ask(runtime, all=True)
        await runs.ask(runtime.sessions, TRANSIT, EvaluationRequest(model="transit"), default_model=None)
    with asked_by(other):
        theirs = await ask(runtime, all=True)
    page = await browsing.jobs_page(runtime.sessions, cursor=None)
    assert [one.id for one in page.items] == [theirs.id, mine.id, nobodys.id]
    assert page.askers == {theirs.id: "other", mine.id: "own"}
    assert {*(await browsing.evaluations_page(runtime.sessions, TRANSIT, cursor=None)).askers.values()} == {
        "own"
    }
    with asked_by(own):
        assert (await browsing.jobs_page(runtime.sessions, cursor=None)).askers == {mine.id: "own"}
        assert (await browsing.about(runtime.sessions, theirs.id)).asker is None


async def test_of_another_tenant_there_is_nothing(runtime: Runtime) -> None:
    await ask(runtime, all=True)
    with pytest.raises(Exception, match="still being computed"):
        await runtime.predictor.predict("r1", Ask("transit", respond_async="asked"))
    tenant = await caller_with(runtime.database, NewKey("tenant", ["predict"], record_prefix="t-"))
    with asked_by(tenant):
        assert await waiting(runtime) == {"chunks": 0, "evaluations": 0, "operations": 0}
        assert (await browsing.operations_page(runtime.sessions, cursor=None)).items == []
    page = await browsing.operations_page(runtime.sessions, cursor=None)
    assert [(one.row.record_id, one.model, one.version) for one in page.items] == [("r1", "transit", "1")]
