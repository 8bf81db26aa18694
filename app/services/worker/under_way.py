"""The tasks that a worker is at."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

import structlog
from pgqueuer import Job, JobId, RetryRequested

from app.core.tracing.parts import doing
from app.db.queue.queue import Queue, QueueLost
from app.db.queue.tasks import TaskName
from app.services.worker.tasks import Work, another_try, is_last

log = structlog.get_logger(__name__)

MOST_TASKS = 2
"""At once."""
GRACE = 5.0
"""Seconds a task may go on after a stop, and for so long again it may note that it is handed back."""
PAUSE = 1.0
"""Seconds before the queue is told again, where it could not be reached."""


class UnderWay:
    """Each is worked on by a task of the event loop, whether the queue can be reached or not."""

    def __init__(self, queue: Queue, works: Mapping[TaskName, Work], stop: asyncio.Event) -> None:
        self._queue, self._works, self._stop = queue, works, stop
        self._tasks: dict[JobId, asyncio.Task[None]] = {}

    @property
    def ids(self) -> Sequence[JobId]:
        return list(self._tasks)

    @property
    def has_room(self) -> bool:
        return len(self._tasks) < MOST_TASKS

    def begin(self, job: Job) -> None:
        """Unless it is under way: after an outage the queue may take us for dead, and hand us our own."""
        if job.id not in self._tasks:
            self._tasks[job.id] = asyncio.create_task(self._run(job))

    async def aclose(self) -> None:
        """After the stop: wait for what ends, or is handed back, in time."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=2 * GRACE + 2 * PAUSE)
            for task in late:
                task.cancel()

    async def _run(self, job: Job) -> None:
        try:
            await self._settle(job, await self._failure(job))
        finally:
            del self._tasks[job.id]
            self._queue.told.set()  # there is room

    async def _failure(self, job: Job) -> Exception | None:
        """Do the work; some seconds after a stop it is cancelled."""
        work = asyncio.create_task(self._do(job))
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not work.done():
            await asyncio.wait((work,), timeout=GRACE)
        if not work.done():
            work.cancel()
            await asyncio.wait((work,), timeout=GRACE)
        if not work.done() or work.cancelled():
            return RetryRequested(reason="the worker stops")
        failure = work.exception()
        assert failure is None or isinstance(failure, Exception)  # the event loop lets no other pass
        return failure

    async def _do(self, job: Job) -> None:
        with doing(job.entrypoint, job.headers):
            await self._works[cast(TaskName, job.entrypoint)](int(job.payload or b""), is_last(job))

    async def _settle(self, job: Job, failure: Exception | None) -> None:
        """Tell the queue, for as long as it takes."""
        again = another_try(job, failure) if failure is not None else None
        if failure is not None and again is None:
            log.error("task failed", task=job.entrypoint, exc_info=failure)
        while True:
            try:
                if again is not None:
                    await self._queue.put_back(job, again.delay, again)
                else:
                    await self._queue.end(job, failure)
            except QueueLost:
                await asyncio.sleep(PAUSE)
            else:
                break
