"""What is under way has a task in the queue, and gets it back."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.db.jobs import jobs as rows
from app.db.queue import tasks
from app.db.records.windows import Window
from app.schemas.evaluations.runs import EvaluationRequest
from app.services.evaluations import runs
from app.services.models import versions
from app.services.runtime import Runtime
from app.services.upkeep import lost_tasks
from tests.support import jobs
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times
from tests.support.use_case import TRANSIT


@pytest.fixture
async def runtime(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    """Queued are a run, a job of two chunks, one by batch transform, and the results of one."""
    aws.respond = answer_ten_times
    with_storage = settings.model_copy(update={"storage_url": "s3://not-called"})
    async with jobs.runtime_with_orders(with_storage, monkeypatch, 4) as runtime:
        await runs.ask(runtime.database.transactions, TRANSIT, EvaluationRequest(), default_model="transit")
        await jobs.ask(runtime, all=True)
        await jobs.ask(runtime, where={"carrier": "none"}, store_as="csv")
        async with runtime.database.transactions.begin() as session:
            version_id = await versions.version_id(session, "transit", None)
            job_id, _ = await rows.create(
                session, version_id, Window(), engine="sagemaker-batch-transform", request={}
            )
            await tasks.enqueue(session, "batch_transform", [job_id])
        yield runtime


async def change(runtime: Runtime, *statements: str) -> None:
    async with runtime.database.transactions.begin() as session:
        for statement in statements:
            await session.execute(text(statement))


async def queued(runtime: Runtime) -> list[tuple[str, str]]:
    """The tasks that are or will be done, each with the id that it is about."""
    query = """
        select entrypoint, convert_from(payload, 'UTF8') from pgqueuer
        where status <> 'failed' order by entrypoint, id
    """
    async with runtime.database.transactions() as session:
        return [(row[0], row[1]) for row in await session.execute(text(query))]


@pytest.mark.parametrize("loss", ["delete from pgqueuer", "update pgqueuer set status = 'failed'"])
async def test_a_lost_task_is_queued_anew_once(runtime: Runtime, loss: str) -> None:
    before = await queued(runtime)
    assert [task for task, _ in before] == [
        "batch_transform",
        "evaluate",
        *["predict_chunk"] * 2,
        "write_result",
    ]
    await change(runtime, loss)
    for _ in range(2):
        await lost_tasks.queue_anew(runtime)
        assert await queued(runtime) == before


async def test_a_task_that_a_worker_has_is_not_lost(runtime: Runtime) -> None:
    before = await queued(runtime)
    await change(runtime, "update pgqueuer set status = 'picked'")
    await lost_tasks.queue_anew(runtime)
    assert await queued(runtime) == before


async def test_what_has_ended_needs_no_task(runtime: Runtime) -> None:
    await change(
        runtime,
        "update evaluations set state = 'cancelled'",
        "update prediction_jobs set state = 'failed' where state = 'queued'",
        "update prediction_jobs set error = 'not written' where state = 'done'",
        "delete from pgqueuer",
    )
    await lost_tasks.queue_anew(runtime)
    assert await queued(runtime) == []
