"""Queues anew, each minute, what is under way and no longer queued.

PgQueuer lets whoever holds a task end it, a worker that another one has replaced too; and a task that could
not be handed back while the database was away may end as failed. Neither ends what the task is about.
"""

import structlog

from app.db.queue import lost_tasks as rows
from app.db.queue import tasks
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)


async def queue_anew(runtime: Runtime) -> None:
    """Attempts are counted with what the tasks are about, so that nothing is tried for ever."""
    for task in rows.TASKS:
        async with runtime.database.transactions.begin() as session:
            lost = await rows.find(session, task)
            await tasks.enqueue(session, task, lost)
        if lost:
            log.warning("lost tasks queued anew", task=task, count=len(lost))
