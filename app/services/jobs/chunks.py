"""The work on one chunk of a prediction job: the task `predict_chunk` of the queue."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from time import perf_counter

import structlog
from pgqueuer import RetryRequested

from app.core.errors import AppError
from app.core.errors.still_computing import StillComputing
from app.core.logging.quoting import Quoted
from app.core.signals.answered import note, note_as, note_error
from app.core.signals.versions import concern
from app.db.jobs import chunks
from app.db.jobs.chunks import Chunk, Finished
from app.db.operations import asking as operations
from app.db.operations.asking import Looked
from app.schemas.access.callers import acting_within
from app.services.access.acting import acting_for
from app.services.failures.interrupted import noted
from app.services.jobs.endings import warn_if_many_failed
from app.services.predictions import patience
from app.services.predictions.flights import Landed
from app.services.predictions.lasting.operations import is_moot, outcome
from app.services.predictions.predictor import Answer, Ask
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

MOST_CRASHES = 3
"""Workers that a chunk may take down with it before it is given up."""
POLL = timedelta(seconds=5)
"""Between two looks at what a platform answers later. Nobody waits in between."""


async def run(runtime: Runtime, chunk_id: int, *, last: bool = False) -> None:
    """Predict the records of a chunk, unless it or its job has ended.

    What another attempt may get over is raised, so that the queue makes one; it finds in the cache what was
    predicted. In the ``last`` one such records are noted as failed. What no attempt would get over fails the
    chunk, and is raised too. What a platform answers later is raised as a RetryRequested until it is there.
    """
    async with runtime.database.transactions.begin() as session:
        chunk = await chunks.start(session, chunk_id)
    if chunk is None:
        return

    async def hand_back() -> None:
        """So that a later start does not take this one for a worker's death."""
        async with runtime.database.transactions.begin() as session:
            await chunks.hand_back(session, chunk)

    acting = acting_for(runtime.sessions, chunk.key_id)
    with acting_within(chunk.record_prefix, chunk.model):
        async with noted(partial(_fail, runtime, chunk), hand_back), acting:
            later = await _attempt(runtime, chunk, last)
    if later:
        async with runtime.database.transactions.begin() as session:
            await chunks.wait(session, chunk, later)
        raise RetryRequested(POLL, "the platform answers later")


async def _attempt(runtime: Runtime, chunk: Chunk, last: bool) -> Sequence[int | None]:
    """The operations to wait for, in the order of the records; none when the chunk has ended."""
    if chunk.left_behind and chunk.attempt > MOST_CRASHES:
        await _fail(runtime, chunk, "The workers that took it on died.")
        return ()
    known, began = await _known(runtime, chunk), perf_counter()
    if (ended := _ended(known)) is None:
        return chunk.operation_ids
    ask = Ask(chunk.model, chunk.version, respond_async="submitted")
    wanted = [one for one in chunk.record_ids if one not in ended]
    answers = await patience.predict_many(runtime.predictor, wanted, ask, last=last)
    begun = {
        one: answer.operation_id
        for one, answer in answers.items()
        if isinstance(answer, StillComputing) and answer.accepted
    }
    if begun:
        before = {one: looked.id for one, looked in known.items()}
        return [begun.get(one, before.get(one)) for one in chunk.record_ids]
    found = _finished(chunk, {**answers, **ended})
    async with runtime.database.transactions.begin() as session:
        state = await chunks.finish(session, chunk, found)
    named = {"job": chunk.job_id, "chunk": chunk.number}
    if state is not None:
        _note(chunk, [*{**answers, **ended}.values()], perf_counter() - began)
    log.info("chunk predicted", **named, failed=len(found.errors), kept=state is not None)
    await _say_if_ended(runtime, chunk, state)
    return ()


async def _known(runtime: Runtime, chunk: Chunk) -> dict[str, Looked]:
    """The operations of an attempt before that are still to be gone by, by record. What is gone, and what is
    open and other code's, whose workers may have left, is asked for anew."""
    ids = {one for one in chunk.operation_ids if one is not None}
    looked = {one.id: one for one in await operations.look(runtime.database.direct, [*ids])} if ids else {}
    known = {
        record: looked[one]
        for record, one in zip(chunk.record_ids, chunk.operation_ids, strict=False)
        if one in looked and not is_moot(looked[one], record)
    }
    ours = runtime.predictor.pipeline_version
    return {
        record: one
        for record, one in known.items()
        if one.pipeline_version == ours or outcome(one) is not None
    }


def _ended(known: Mapping[str, Looked]) -> dict[str, Landed | AppError] | None:
    """What became of operations, by record; None while there is one that is open."""
    found = {record: outcome(one) for record, one in known.items()}
    ended = {record: one for record, one in found.items() if one is not None}
    return ended if len(ended) == len(found) else None


def _finished(chunk: Chunk, answers: Mapping[str, Answer | Landed | AppError]) -> Finished:
    ordered = [answers[record_id] for record_id in chunk.record_ids]
    return Finished(
        prediction_ids=[_prediction_id(one) for one in ordered],
        hits=sum(isinstance(one, Answer) and one.cached for one in ordered),
        errors={
            record_id: (one.slug, one.in_words)
            for record_id, one in answers.items()
            if isinstance(one, AppError)
        },
    )


def _note(chunk: Chunk, told: Sequence[Answer | Landed | AppError], seconds: float) -> None:
    for one in told:
        match one:
            case Answer():
                note("job", one, seconds)
            case Landed():
                note_as("job", chunk.model, chunk.version, one.state, seconds)
            case _:
                note_error("job", concern(one, chunk.model, chunk.version), seconds)


def _prediction_id(one: Answer | Landed | AppError) -> int | None:
    match one:
        case Answer():
            return one.id
        case Landed():
            return one.entry.id
        case _:
            return None


async def _fail(runtime: Runtime, chunk: Chunk, reason: str) -> None:
    log.warning("chunk failed", job=chunk.job_id, chunk=chunk.number, reason=Quoted(reason))
    async with runtime.database.transactions.begin() as session:
        state = await chunks.fail(session, chunk, f"Chunk {chunk.number} could not be finished: {reason}")
    await _say_if_ended(runtime, chunk, state)


async def _say_if_ended(runtime: Runtime, chunk: Chunk, state: str | None) -> None:
    if state in ("done", "failed"):
        await warn_if_many_failed(runtime.sessions, chunk.job_id)
