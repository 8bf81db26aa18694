"""The worker: takes tasks from the queue until it is told to stop.

PgQueuer hands a task that its worker left, killed or silent, to another one. What a task is about, and how
far it is, stands in tables of ours: the queue holds an id.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pgqueuer
import structlog
from pgqueuer import PgQueuer
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job

from app.core.errors import AppError
from app.db.engine import OUTAGES, async_url, is_outage
from app.db.queue import Task
from app.services.evaluator import Evaluator
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

POLL = timedelta(seconds=2)
"""A lost notification, a task handed back and that of a dead worker are found this late at most."""
HEARTBEAT = timedelta(seconds=10)
"""A worker silent for so long is dead."""
GRACE = 5.0
"""Seconds a task may go on after a stop, before it goes back to the queue."""
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=1), timedelta(minutes=5)
"""Before an interrupted task is tried again: doubled from attempt to attempt."""

INTERRUPTIONS: tuple[type[Exception], ...] = (AppError, *OUTAGES)

Work = Callable[[int], Awaitable[None]]


async def work(runtime: Runtime, stop: asyncio.Event) -> None:
    """Take tasks until ``stop``; starts anew whenever the database was away."""

    @asynccontextmanager
    async def connected() -> AsyncIterator[PgQueuer]:
        url = async_url(runtime.settings.direct_url.get_secret_value()).set(drivername="postgresql")
        # One connection LISTENs, which a transaction pooler would not do.
        async with asyncpg.create_pool(
            url.render_as_string(hide_password=False), min_size=2, max_size=3
        ) as pool:
            queue = PgQueuer.from_asyncpg_pool(pool)
            _register(queue, runtime, stop)
            yield queue

    await pgqueuer.run(
        connected,
        batch_size=1,  # no more than it can do at once, so that many workers share a large job
        max_concurrent_tasks=2,
        dequeue_timeout=POLL,
        heartbeat_timeout=HEARTBEAT,
        shutdown_on_listener_failure=True,
        restart_on_failure=True,
        restart_delay=POLL,
        shutdown=stop,
    )


def _register(queue: PgQueuer, runtime: Runtime, stop: asyncio.Event) -> None:
    evaluator = Evaluator(runtime.database, runtime.predictor)
    tasks: dict[Task, Work] = {"evaluate": evaluator.run}
    for name, function in tasks.items():
        queue.entrypoint(name, on_failure="hold")(_task(function, stop))


def _task(function: Work, stop: asyncio.Event) -> Callable[[Job], Awaitable[None]]:
    async def run(job: Job) -> None:
        try:
            await _or_hand_back(function(int(job.payload or b"")), stop)
        except INTERRUPTIONS as error:
            if not (error.retryable if isinstance(error, AppError) else is_outage(error)):
                raise
            log.warning("task interrupted", task=job.entrypoint, error=type(error).__name__)
            delay = min(FIRST_DELAY * 2 ** min(job.attempts, 10), LONGEST_DELAY)
            raise RetryRequested(delay, type(error).__name__) from error

    return run


async def _or_hand_back(work: Awaitable[None], stop: asyncio.Event) -> None:
    """Do the work; some seconds after a stop it is cancelled, and its task queued again."""
    task = asyncio.ensure_future(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait((task,), timeout=GRACE)
        if not task.done():
            raise RetryRequested(reason="the worker stops")
        await task
    finally:
        task.cancel()
        stopping.cancel()
        await asyncio.wait((task, stopping))
