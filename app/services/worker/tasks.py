"""What the queue's tasks do, and whether one that did not come to its end is tried again."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from pgqueuer import Job, RetryRequested

from app.core.errors import AppError
from app.db.engine import OUTAGES, is_outage
from app.db.queue.tasks import PRIORITY, TaskName
from app.services.evaluations.evaluator import Evaluator
from app.services.jobs import chunks, results, transform
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

NAMES = tuple(PRIORITY)
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=1), timedelta(minutes=5)
"""Before an interrupted task is tried again: doubled from attempt to attempt."""
MOST_TRIES = 20
"""Of work that waits for a platform: with those pauses it waits for an hour at least. The last try notes what
still fails."""

Work = Callable[[int, bool], Awaitable[None]]
"""A task on the row with an id; whether it is the last try, after which nothing waits for a platform."""


def of(runtime: Runtime) -> dict[TaskName, Work]:
    """By name."""
    evaluator = Evaluator(runtime)
    return {
        "evaluate": lambda run_id, last: evaluator.run(run_id, last=last),
        "predict_chunk": lambda chunk_id, last: chunks.run(runtime, chunk_id, last=last),
        "write_result": lambda job_id, _: results.write(runtime, job_id),
        "batch_transform": lambda job_id, _: transform.run(runtime, job_id),
    }


def is_last(job: Job) -> bool:
    return job.attempts >= MOST_TRIES - 1


def another_try(job: Job, failure: BaseException) -> RetryRequested | None:
    """When the task is tried again; None where no try would get over what failed it."""
    if isinstance(failure, RetryRequested):
        return failure
    if not passes(failure):
        return None
    log.warning("task interrupted", task=job.entrypoint, error=type(failure).__name__)
    return RetryRequested(
        min(FIRST_DELAY * 2 ** min(job.attempts, 10), LONGEST_DELAY), type(failure).__name__
    )


def passes(failure: BaseException) -> bool:
    """Whether it says that a platform or the database is away for now."""
    if isinstance(failure, AppError):
        return failure.retryable
    return isinstance(failure, OUTAGES) and is_outage(failure)
