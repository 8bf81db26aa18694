"""Deletes, hourly, what is past its time. Dead claims go with each look at the revisions."""

import structlog

from app.db import idempotency_keys
from app.db import purge as rows
from app.db.operations import working as operations
from app.services.access import audit
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

BATCH = 10_000
"""Predictions deleted at a time, so that no transaction is long."""
QUEUE_LOG_DAYS = 7
OPERATION_DAYS = 7
"""For which it is told how an operation has ended."""


async def purge(runtime: Runtime) -> None:
    """Delete predictions past PREDICTION_RETENTION_DAYS, if that is set, the queue's old log, old keys, and
    operations that ended long ago.

    Predictions wait for the next hour while an evaluation runs.
    """
    async with runtime.database.transactions.begin() as session:
        await rows.queue_log(session, days=QUEUE_LOG_DAYS)
        await idempotency_keys.forget(session)
    await _forget_operations(runtime)
    days = runtime.settings.prediction_retention_days
    deleted, last = 0, BATCH
    while days is not None and last == BATCH:
        async with runtime.database.transactions.begin() as session:
            last = await rows.predictions(session, days=days, batch=BATCH)
            if last:
                await audit.note(session, "purged", "predictions", predictions=last, older_than_days=days)
        deleted += last
    if deleted:
        log.info("predictions purged", count=deleted, older_than_days=days)


async def _forget_operations(runtime: Runtime) -> None:
    last = BATCH
    while last == BATCH:
        async with runtime.database.transactions.begin() as session:
            last = await operations.forget(session, days=OPERATION_DAYS, batch=BATCH)
