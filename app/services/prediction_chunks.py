"""The work on one chunk of a prediction job: the task `predict_chunk` of the queue."""

from collections.abc import Mapping

import structlog

from app.core.errors import AppError
from app.db import prediction_chunks as chunks
from app.db.engine import OUTAGES, is_outage
from app.db.prediction_chunks import Chunk, Finished
from app.services.prediction import Answer, Ask
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

MOST_CRASHES = 3
"""Workers that a chunk may take down with it before it is given up."""
MOST_ATTEMPTS = 8
"""After so many, records that the platform still fails for are noted as failed. The pauses double from
attempt to attempt: this is after two minutes at least."""


async def run(runtime: Runtime, chunk_id: int) -> None:
    """Predict the records of a chunk, unless it or its job has ended.

    What another attempt may get over is raised, so that the queue makes one; it finds in the cache what was
    predicted. What it would not get over fails the chunk, and is raised too.
    """
    async with runtime.database.transactions.begin() as session:
        chunk = await chunks.start(session, chunk_id)
    if chunk is None:
        return
    try:
        await _attempt(runtime, chunk)
    except BaseException as error:
        await _let_go(runtime, chunk, error)
        raise


async def _attempt(runtime: Runtime, chunk: Chunk) -> None:
    if chunk.left_behind and chunk.attempt > MOST_CRASHES:
        await _fail(runtime, chunk, "The workers that took it on died.")
        return
    answers = await runtime.predictor.predict_many(chunk.record_ids, Ask(chunk.model, chunk.version))
    passing = (one for one in answers.values() if isinstance(one, AppError) and one.retryable)
    if chunk.attempt < MOST_ATTEMPTS and (error := next(passing, None)):
        raise error
    found = _finished(chunk, answers)
    async with runtime.database.transactions.begin() as session:
        kept = await chunks.finish(session, chunk, found)
    log.info("chunk predicted", job=chunk.job_id, chunk=chunk.number, failed=len(found.errors), kept=kept)


def _finished(chunk: Chunk, answers: Mapping[str, Answer | AppError]) -> Finished:
    ordered = [answers[record_id] for record_id in chunk.record_ids]
    return Finished(
        prediction_ids=[one.id if isinstance(one, Answer) else None for one in ordered],
        hits=sum(isinstance(one, Answer) and one.cached for one in ordered),
        errors={
            record_id: (one.slug, one.detail)
            for record_id, one in answers.items()
            if isinstance(one, AppError)
        },
    )


async def _let_go(runtime: Runtime, chunk: Chunk, error: BaseException) -> None:
    """End an attempt that was interrupted, so that a later start does not take it for a worker's death."""
    reason = final_reason(error)
    if reason is not None:
        await _fail(runtime, chunk, reason)
        return
    async with runtime.database.transactions.begin() as session:
        await chunks.hand_back(session, chunk)


def final_reason(error: BaseException) -> str | None:
    """Why a task would fail again, in words for callers; None where another attempt may get over it."""
    if isinstance(error, AppError):
        return None if error.retryable else error.detail
    if not isinstance(error, Exception) or (isinstance(error, OUTAGES) and is_outage(error)):
        return None
    return "The service failed; the worker's log says how."


async def _fail(runtime: Runtime, chunk: Chunk, reason: str) -> None:
    log.warning("chunk failed", job=chunk.job_id, chunk=chunk.number, reason=reason)
    async with runtime.database.transactions.begin() as session:
        await chunks.fail(session, chunk, f"Chunk {chunk.number} could not be finished: {reason}")
