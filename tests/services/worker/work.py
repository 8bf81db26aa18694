"""Evaluations that workers have to do, and what the queue holds."""

import asyncio
import os
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions
from app.schemas.evaluations.runs import Evaluation, EvaluationRequest
from app.schemas.jobs.jobs import PredictionJob
from app.services.evaluations import runs
from app.services.runtime import Runtime, open_runtime
from tests.support.aws_stub import Answer, AwsStub, Request
from tests.support.eventually import TIMEOUT, until
from tests.support.judged_orders import store_judged_orders
from tests.support.orders import answer_ten_times, invocations, prepare
from tests.support.use_case import TRANSIT
from tests.support.workers import worker_process


async def fill(runtime: Runtime) -> None:
    await prepare(runtime.predictor)
    await store_judged_orders(runtime.database.transactions)


async def ask(sessions: Sessions) -> int:
    return (await runs.ask(sessions, TRANSIT, EvaluationRequest(), default_model="transit")).id


async def ended(
    look: Callable[[], Awaitable[Evaluation]] | Callable[[], Awaitable[PredictionJob]],
) -> Evaluation | PredictionJob:
    async with asyncio.timeout(TIMEOUT):
        while (found := await look()).state in ("queued", "running"):  # noqa: ASYNC110 - a database's state
            await asyncio.sleep(0.05)
    return found


async def evaluated(sessions: Sessions, evaluation_id: int) -> Evaluation:
    found = await ended(lambda: runs.get(sessions, evaluation_id))
    assert isinstance(found, Evaluation)
    return found


async def tasks(sessions: Sessions) -> list[tuple[str, str]]:
    """What the queue holds: tasks with their states."""
    async with sessions() as session:
        rows = await session.execute(text("select entrypoint, status::text from pgqueuer order by id"))
        return [(row[0], row[1]) for row in rows]


async def until_tasks(sessions: Sessions, *expected: tuple[str, str]) -> None:
    """Return once this is what the queue holds."""
    async with asyncio.timeout(TIMEOUT):
        while await tasks(sessions) != [*expected]:  # noqa: ASYNC110 - a database's state
            await asyncio.sleep(0.05)


def held(gate: threading.Event, after: int) -> Callable[[Request], Answer]:
    """A model that answers so many calls, and the others once the gate is open."""
    counted = threading.Semaphore(after)

    def respond(request: Request) -> Answer:
        answer = answer_ten_times(request)
        if "invocations" in request.path and not counted.acquire(blocking=False):
            return Answer(answer.status, answer.body, answer.headers, wait=gate)
        return answer

    return respond


@asynccontextmanager
async def run_under_way(
    settings: Settings, aws: AwsStub, *, log: Path = Path(os.devnull)
) -> AsyncIterator[tuple[Sessions, int, "subprocess.Popen[bytes]"]]:
    """A run whose model has been asked by a worker process, and does not answer yet."""
    async with open_runtime(settings) as runtime:
        await fill(runtime)
        sessions = runtime.database.transactions
        with worker_process(settings, log=log) as process:
            evaluation_id = await ask(sessions)
            await until(lambda: bool(invocations(aws)))
            yield sessions, evaluation_id, process
