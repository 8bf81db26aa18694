"""What a job or an evaluation infers is counted for the key that asked for it, by whatever worker."""

from collections.abc import AsyncIterator

import pytest

from app.core.settings import Settings
from app.schemas.access.callers import CURRENT, ITSELF, Caller
from app.schemas.evaluations.runs import EvaluationRequest
from app.schemas.jobs.jobs import PredictionJob
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.evaluations import runs
from app.services.evaluations.evaluator import Evaluator
from app.services.jobs import chunks, jobs, results
from app.services.records import labels
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.callers import asked_by, caller_with
from tests.support.jobs import ask, look, queued, runtime_with_orders
from tests.support.orders import answer_ten_times, invocations
from tests.support.use_case import TRANSIT


@pytest.fixture
async def runtime(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    """Ten orders; chunks of 3, 3, 3 and 1."""
    aws.respond = answer_ten_times
    async with runtime_with_orders(settings, monkeypatch, 10) as runtime:
        yield runtime


async def with_budget(runtime: Runtime, budget: int, name: str = "a") -> Caller:
    return await caller_with(runtime.database, NewKey(name, ["predict"], inferences_per_day=budget))


async def used(runtime: Runtime) -> dict[str, int | None]:
    """Of today, by key."""
    return {key.name: count for key, count in await keys.every(runtime.sessions)}


async def work(runtime: Runtime, done: int = 0) -> None:
    """As a worker does the tasks after the first ``done``."""
    for chunk_id in (await queued(runtime.sessions))[done:]:
        await chunks.run(runtime, chunk_id)
        assert CURRENT.get() == ITSELF


async def reasons(runtime: Runtime, job: PredictionJob) -> list[str | None]:
    parts = [part async for part in await results.read(runtime.sessions, job.id, "ndjson")]
    return [line for line in "".join(parts).splitlines() if "budget-spent" in line]


async def test_a_job_s_records_fail_once_the_budget_is_spent(runtime: Runtime, aws: AwsStub) -> None:
    with asked_by(await with_budget(runtime, 4)):
        job = await ask(runtime, all=True)
    await with_budget(runtime, 4, "other")
    await work(runtime)
    done = await look(runtime, job)
    assert (done.state, done.predicted, done.failed) == ("done", 4, 6)
    assert done.warning is not None
    assert "No inferences left for today" in done.warning
    assert len(await reasons(runtime, job)) == 6
    assert sum(len(request.body.splitlines()) for request in invocations(aws)) == 4
    assert await used(runtime) == {"a": 4, "other": None}


async def test_nobody_s_job_has_no_budget(runtime: Runtime) -> None:
    await with_budget(runtime, 1)
    job = await ask(runtime, all=True)
    await work(runtime)
    assert (await look(runtime, job)).predicted == 10
    assert await used(runtime) == {"a": None}


async def test_a_revoked_key_s_job_goes_on_with_its_budget(runtime: Runtime) -> None:
    with asked_by(await with_budget(runtime, 4)):
        job = await ask(runtime, all=True)
    await keys.revoke(runtime.sessions, "a")
    await work(runtime)
    assert (await look(runtime, job)).predicted == 4


async def test_who_goes_on_with_a_job_pays_for_the_rest(runtime: Runtime) -> None:
    with asked_by(await with_budget(runtime, 100)):
        job = await ask(runtime, all=True)
    first, *_ = await queued(runtime.sessions)
    await chunks.run(runtime, first)
    await jobs.cancel(runtime.sessions, job.id)
    with asked_by(await with_budget(runtime, 100, "b")):
        await jobs.resume(runtime.sessions, job.id)
    await work(runtime, done=4)
    assert await used(runtime) == {"a": 3, "b": 7}


async def test_an_evaluation_says_how_many_were_left_out(runtime: Runtime) -> None:
    for number in range(10):
        await labels.put_label(runtime.sessions, TRANSIT, f"r{number}", 10.0 * number)
    request = EvaluationRequest(metrics=["mae"])
    with asked_by(await with_budget(runtime, 4)):
        run = await runs.ask(runtime.sessions, TRANSIT, request, default_model="transit")
    await Evaluator(runtime).run(run.id)
    found = await runs.get(runtime.sessions, run.id)
    assert (found.state, found.predicted, found.failed) == ("done", 4, 6)
    assert found.warning is not None
    assert "No inferences left for today" in found.warning
    assert await used(runtime) == {"a": 4}
