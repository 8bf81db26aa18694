"""The worker: takes tasks from the queue until it is told to stop.

The queue hands a task that its worker left, killed or silent, to another one. What a task is about, and how
far it is, stands in tables of ours: the queue holds an id. Tasks under way do not need the queue: they go on
while it cannot be reached, and it is told of their ends once it can.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

import structlog

from app.db.queue.queue import LOSSES, Queue, QueueLost
from app.services.operations.operator import Operator
from app.services.runtime import Runtime
from app.services.worker import tasks
from app.services.worker.periodic import Periodic
from app.services.worker.readiness import is_ready
from app.services.worker.under_way import UnderWay

log = structlog.get_logger(__name__)

POLL = timedelta(seconds=2)
"""A lost notification, a task handed back and that of a dead worker are found this late at most."""
HEARTBEAT = timedelta(seconds=8)
"""A worker silent for so long is dead. Its tasks stand still for that and POLL; where it is stopped rather
than dead, and was computing something, until the lease of its claims ends: 12 s. 15 s are promised."""
PAUSE = 1.0
"""Seconds before another try, where the queue could not be reached."""


async def work(runtime: Runtime, stop: asyncio.Event) -> None:
    """Take tasks until ``stop``; waits for a database that is away or not migrated."""
    worker = _Worker(runtime, stop)
    try:
        while await is_ready(runtime, stop):
            try:
                await worker.run()
            except QueueLost as error:
                _tell(error)
                await _until_set(stop, PAUSE)
    finally:
        await worker.aclose()


class _Worker:
    def __init__(self, runtime: Runtime, stop: asyncio.Event) -> None:
        self._database, self._stop = runtime.database, stop
        self._queue = Queue(runtime.settings, self._database.suspect)
        self._under_way = UnderWay(self._queue, tasks.of(runtime), stop)
        self._periodic = Periodic(self._queue, runtime)
        self._operator = Operator(runtime)
        self._alive_file = runtime.settings.worker_alive_file
        self._is_pooled = runtime.settings.database_pooler
        self._next_look = 0.0

    async def run(self) -> None:
        """Until the stop; QueueLost where nothing can be taken."""
        while not self._stop.is_set():
            self._queue.told.clear()
            if (now := asyncio.get_running_loop().time()) >= self._next_look:
                self._next_look = now + POLL.total_seconds()
                await self._show_life()
                await self._end_stuck()
                await self._periodic.begin_due()
                self._operator.begin()
            await self._take()
            await self._until_told()

    async def _show_life(self) -> None:
        await self._queue.beat(self._under_way.ids)
        if self._alive_file is not None:
            await asyncio.to_thread(_touch, self._alive_file)

    async def _end_stuck(self) -> None:
        with self._database.dead() as cut:
            # A pooler tells numbers of its own.
            ended = await self._queue.end_stuck([] if self._is_pooled else cut)
        if ended:
            log.warning("ended connections that nobody answers on", connections=ended)

    async def _take(self) -> None:
        """No more than it can do at once, so that many workers share a large job."""
        while self._under_way.has_room and not self._stop.is_set():
            job = await self._queue.take(tasks.NAMES, silent=HEARTBEAT)
            if job is None:
                break
            self._under_way.begin(job)

    async def _until_told(self) -> None:
        """Wait for a change in the queue, the end of a task, the stop, or the next look."""
        told, stopped = (asyncio.create_task(event.wait()) for event in (self._queue.told, self._stop))
        left = max(0.0, self._next_look - asyncio.get_running_loop().time())
        await asyncio.wait((told, stopped), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        stopped.cancel()

    async def aclose(self) -> None:
        await asyncio.gather(self._under_way.aclose(), self._periodic.aclose(), self._operator.aclose())
        await self._queue.aclose()


def _touch(path: str) -> None:
    """Where that fails a health check takes the worker for dead, which it is not until it is ended."""
    try:
        Path(path).touch()
    except OSError as error:
        log.error("WORKER_ALIVE_FILE cannot be touched", reason=error.strerror)


def _tell(error: QueueLost) -> None:
    cause = error.__cause__
    is_known = isinstance(cause, LOSSES)
    log.warning("queue out of reach", error=type(cause).__name__, exc_info=None if is_known else cause)


async def _until_set(event: asyncio.Event, seconds: float) -> None:
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait((waiting,), timeout=seconds)
    waiting.cancel()
