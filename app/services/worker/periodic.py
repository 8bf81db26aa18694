"""What workers do each minute or hour, each by one of them.

Times that passed while there was none are made up for once.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from pgqueuer.models import Schedule
from pgqueuer.types import ScheduleId

from app.core.errors import AppError
from app.db.queue import periodic as rows
from app.db.queue.queue import Queue, QueueLost
from app.services.evaluations import schedules
from app.services.runtime import Runtime
from app.services.upkeep import lost_tasks, purge, revisions, tallies
from app.services.worker.tasks import passes

log = structlog.get_logger(__name__)

GRACE = 5.0
"""Seconds that what is under way may go on after a stop."""
DUE: dict[str, tuple[str, Callable[[Runtime], Awaitable[None]]]] = {
    "due_evaluations": ("* * * * *", schedules.run_due),
    "lost_tasks": ("* * * * *", lost_tasks.queue_anew),
    "fold_tallies": ("* * * * *", tallies.fold),
    "refresh_revisions": ("* * * * *", revisions.refresh_all),
    "purge": ("17 * * * *", purge.purge),
}
CRONS = {name: cron for name, (cron, _) in DUE.items()}


class Periodic:
    """Those of one worker."""

    def __init__(self, queue: Queue, runtime: Runtime) -> None:
        self._queue, self._runtime = queue, runtime
        self._tasks: dict[ScheduleId, asyncio.Task[None]] = {}
        self._is_noted = False

    async def begin_due(self) -> None:
        """Begin what is due, and show that what was begun goes on."""
        if not self._is_noted:
            await rows.note(self._queue, CRONS)
            self._is_noted = True
        if self._tasks:
            await rows.beat(self._queue, list(self._tasks))
        for schedule in await rows.take_due(self._queue, CRONS):
            if schedule.id not in self._tasks:
                self._tasks[schedule.id] = asyncio.create_task(self._run(schedule))

    async def aclose(self) -> None:
        """Wait for what is under way, for a while."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=GRACE)
            for task in late:
                task.cancel()

    async def _run(self, schedule: Schedule) -> None:
        _, do = DUE[schedule.entrypoint]
        work = asyncio.ensure_future(do(self._runtime))
        try:
            await asyncio.wait((work,))
            if (failure := work.exception()) is not None:
                _tell(schedule.entrypoint, failure)
            await rows.end(self._queue, schedule.id)
        except QueueLost:
            pass  # it is taken for left, and done again
        finally:
            work.cancel()
            del self._tasks[schedule.id]


def _tell(name: str, failure: BaseException) -> None:
    is_known = isinstance(failure, AppError) or passes(failure)
    log.warning(
        "periodic task failed",
        task=name,
        error=type(failure).__name__,
        exc_info=None if is_known else failure,
    )
