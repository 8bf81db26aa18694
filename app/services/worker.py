"""The worker: takes tasks from the queue until it is told to stop.

PgQueuer hands a task that its worker left, killed or silent, to another one. What a task is about, and how
far it is, stands in tables of ours: the queue holds an id.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pgqueuer
import structlog
from pgqueuer import PgQueuer
from pgqueuer.errors import PgqException, RetryRequested
from pgqueuer.models import Job, Schedule

from app.core.errors import AppError
from app.db import migrate
from app.db.engine import OUTAGES, is_outage, libpq_url, outage_in_words
from app.db.queue.tasks import TaskName
from app.services.evaluations import schedules
from app.services.evaluations.evaluator import Evaluator
from app.services.jobs import chunks, results, transform
from app.services.runtime import Runtime
from app.services.upkeep import lost_tasks, purge, revisions

log = structlog.get_logger(__name__)

POLL = timedelta(seconds=2)
"""A lost notification, a task handed back and that of a dead worker are found this late at most."""
HEARTBEAT = timedelta(seconds=10)
"""A worker silent for so long is dead."""
GRACE = 5.0
"""Seconds a task may go on after a stop, before it goes back to the queue."""
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=1), timedelta(minutes=5)
"""Before an interrupted task is tried again: doubled from attempt to attempt."""
MOST_TRIES = 20
"""Of work that waits for a platform: with those pauses it waits for an hour at least. The last try notes what
still fails."""
INTERRUPTIONS: tuple[type[Exception], ...] = (AppError, *OUTAGES)
QUEUE_OUTAGES: tuple[type[Exception], ...] = (*OUTAGES, asyncpg.InterfaceError, PgqException)


Work = Callable[[int, bool], Awaitable[None]]
"""A task on the row with an id; whether it is the last try, after which nothing waits for a platform."""


async def work(runtime: Runtime, stop: asyncio.Event) -> None:
    """Take tasks until ``stop``; waits for a database that is away or not migrated, and starts anew then."""

    @asynccontextmanager
    async def connected() -> AsyncIterator[PgQueuer]:
        url = libpq_url(runtime.settings.direct_url.get_secret_value())
        # Past a transaction pooler: one connection LISTENs.
        async with asyncpg.create_pool(url, min_size=2, max_size=3) as pool:
            queue = PgQueuer.from_asyncpg_pool(pool)
            _register(queue, runtime, stop)
            # PgQueuer asks itself whether it hears before it has begun to LISTEN, and would start anew.
            await queue.connection.add_listener(queue.qm.channel, lambda _: None)
            yield queue

    alive = asyncio.create_task(_show_life(runtime))
    try:
        while await _is_ready(runtime, stop):
            await _take_tasks(connected, stop)
    finally:
        alive.cancel()
        await asyncio.wait([alive])


async def _take_tasks(connected: Callable[[], object], stop: asyncio.Event) -> None:
    """Until ``stop``, or until the queue cannot be reached or heard."""
    try:
        await pgqueuer.run(
            connected,
            batch_size=1,  # no more than it can do at once, so that many workers share a large job
            max_concurrent_tasks=2,
            dequeue_timeout=POLL,
            heartbeat_timeout=HEARTBEAT,
            shutdown_on_listener_failure=True,
            shutdown=stop,
        )
    except QUEUE_OUTAGES as error:
        log.warning("queue out of reach", error=type(error).__name__)
        await asyncio.sleep(POLL.total_seconds())


async def _is_ready(runtime: Runtime, stop: asyncio.Event) -> bool:
    """Wait until there can be work; False after ``stop``."""
    said = None
    while not stop.is_set():
        missing = await _missing(runtime)
        if missing is None:
            log.info("worker ready")
            return True
        if missing != said:
            log.warning("waiting for the database", reason=missing)
            said = missing
        await asyncio.sleep(1)
    return False


async def _missing(runtime: Runtime) -> str | None:
    """Why there can be no work yet."""
    try:
        async with runtime.database.engine.connect() as connection:
            return None if await migrate.is_current(connection) else migrate.NOT_MIGRATED
    except OUTAGES as error:
        if not is_outage(error):
            raise
        return outage_in_words(error)


async def _show_life(runtime: Runtime) -> None:
    """Touch the file that a container's health check looks at, while the database answers."""
    file = runtime.settings.worker_alive_file
    while file is not None:
        if await _missing(runtime) is None:
            await asyncio.to_thread(Path(file).touch)
        await asyncio.sleep(POLL.total_seconds())


def _register(queue: PgQueuer, runtime: Runtime, stop: asyncio.Event) -> None:
    evaluator = Evaluator(runtime)
    tasks: dict[TaskName, Work] = {
        "evaluate": lambda run_id, last: evaluator.run(run_id, last=last),
        "predict_chunk": lambda chunk_id, last: chunks.run(runtime, chunk_id, last=last),
        "write_result": lambda job_id, _: results.write(runtime, job_id),
        "batch_transform": lambda job_id, _: transform.run(runtime, job_id),
    }
    for name, function in tasks.items():
        # A task that failed for good stays in the queue's table, to be looked at.
        queue.entrypoint(name, on_failure="hold")(_task(function, stop))
    # Each is done by one of the workers; times that passed while there was none are made up for once.
    periodic: dict[str, tuple[str, Callable[[Runtime], Awaitable[None]]]] = {
        "due_evaluations": ("* * * * *", schedules.run_due),
        "lost_tasks": ("* * * * *", lost_tasks.queue_anew),
        "refresh_revisions": ("* * * * *", revisions.refresh_all),
        "purge": ("17 * * * *", purge.purge),
    }
    for entrypoint, (cron, job) in periodic.items():
        queue.schedule(entrypoint, cron)(_periodic(job, runtime))


def _periodic(
    job: Callable[[Runtime], Awaitable[None]], runtime: Runtime
) -> Callable[[Schedule], Awaitable[None]]:
    async def run(schedule: Schedule) -> None:
        try:
            await job(runtime)
        except INTERRUPTIONS as error:
            if not isinstance(error, AppError) and not is_outage(error):
                raise
            log.warning("periodic task failed", task=schedule.entrypoint, error=type(error).__name__)

    return run


def _task(function: Work, stop: asyncio.Event) -> Callable[[Job], Awaitable[None]]:
    async def run(job: Job) -> None:
        try:
            last = job.attempts >= MOST_TRIES - 1
            await _or_hand_back(function(int(job.payload or b""), last), stop)
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
