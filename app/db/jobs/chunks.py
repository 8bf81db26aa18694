"""Queries on the chunks of prediction jobs.

Whoever writes a chunk locks its job first: of two that finish at once, the second sees what the first did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from pydantic import JsonValue
from sqlalchemy import JSON, Select, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.jobs import jobs
from app.db.tables import UNDER_WAY, ModelRow, ModelVersionRow, PredictionJobChunkRow, PredictionJobRow


@dataclass(frozen=True)
class Chunk:
    """A chunk that is worked on. ``attempt`` tells starts apart: a later one takes the chunk away.

    ``left_behind``: the attempt before this one ended without a word, as that of a killed worker does.
    ``key_id``: whose budget its inferences are of.
    """

    id: int
    job_id: int
    number: int
    attempt: int
    left_behind: bool
    record_ids: Sequence[str]
    model: str
    version: str
    key_id: int | None
    record_prefix: str
    """Of the job."""
    operation_ids: Sequence[int | None] = ()
    """What an attempt before has begun to wait for, in the order of the records."""


@dataclass(frozen=True)
class Finished:
    """What came of a chunk: ids of predictions in the order of its records, null where ``errors`` says why.

    ``errors`` are slug and detail, by record. ``hits`` counts what was predicted before.
    """

    prediction_ids: Sequence[int | None]
    hits: int
    errors: Mapping[str, tuple[str, str]]


async def start(session: AsyncSession, chunk_id: int) -> Chunk | None:
    """Begin a new attempt; None where there is nothing to do: the chunk or its job has ended."""
    found = (await session.execute(_about(chunk_id))).one_or_none()
    if found is None:
        return None
    job_id, model, version = found
    job = await jobs.lock(session, job_id)
    row = await session.get(PredictionJobChunkRow, chunk_id)
    if job is None or row is None or not {job.state, row.state} <= set(UNDER_WAY):
        return None
    if job.state == "queued":
        job.state, job.started_at = "running", func.coalesce(PredictionJobRow.started_at, func.now())
    left_behind, row.state, row.attempts = row.state == "running", "running", row.attempts + 1
    about = row.id, job.id, row.number, row.attempts, left_behind, row.record_ids
    return Chunk(*about, model, version, job.key_id, job.record_prefix, row.operation_ids or ())


def _about(chunk_id: int) -> Select[int, str, str]:
    """The chunk's job, and the names of the model and version."""
    return (
        select(PredictionJobRow.id, ModelRow.name, ModelVersionRow.version)
        .join(PredictionJobChunkRow, PredictionJobChunkRow.job_id == PredictionJobRow.id)
        .join(ModelVersionRow, ModelVersionRow.id == PredictionJobRow.model_version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .where(PredictionJobChunkRow.id == chunk_id)
    )


async def hand_back(session: AsyncSession, chunk: Chunk) -> None:
    """End an attempt in order, so that another one follows; it does not count."""
    await _end_attempt(session, chunk, state="queued", attempts=PredictionJobChunkRow.attempts - 1)


async def wait(session: AsyncSession, chunk: Chunk, operation_ids: Sequence[int | None]) -> None:
    """The same, until these have ended."""
    attempts = PredictionJobChunkRow.attempts - 1
    await _end_attempt(session, chunk, state="queued", attempts=attempts, operation_ids=list(operation_ids))


async def finish(session: AsyncSession, chunk: Chunk, found: Finished) -> str | None:
    """Store what came of a chunk, and give the state of the job; None if a later attempt has the chunk.

    The last chunk ends the job.
    """
    return await _end_attempt(
        session,
        chunk,
        state="done",
        prediction_ids=list(found.prediction_ids),
        predicted=len(found.prediction_ids) - found.prediction_ids.count(None),
        hits=found.hits,
        failed=found.prediction_ids.count(None),
        errors={record: {"slug": slug, "detail": detail} for record, (slug, detail) in found.errors.items()}
        or None,
    )


async def fail(session: AsyncSession, chunk: Chunk, reason: str) -> str | None:
    """Give a chunk up, and give the state of the job; None if a later attempt has the chunk.

    The job fails when its other chunks have ended.
    """
    return await _end_attempt(session, chunk, reason, state="failed", failed=len(chunk.record_ids))


async def _end_attempt(
    session: AsyncSession, chunk: Chunk, reason: str | None = None, **values: object
) -> str | None:
    job = await jobs.lock(session, chunk.job_id)
    row = PredictionJobChunkRow
    mine = (row.id == chunk.id, row.attempts == chunk.attempt, row.state == "running")
    ended = await session.scalar(update(row).where(*mine).values(**values).returning(row.id))
    if job is None or ended is None:
        return None
    job.error = job.error or reason
    await jobs.end_if_last(session, job)
    return job.state


@dataclass(frozen=True)
class ChunkRecord:
    """A record of a chunk with its prediction, or with ``error``: slug and detail."""

    record_id: str
    prediction: JsonValue
    revision: str | None
    content_hash: str | None
    computed_at: datetime | None
    error: tuple[str, str] | None


NOT_PREDICTED = ("not-predicted", "The job ended before this record was predicted.")
ITS_CHUNK_FAILED = "Its chunk failed. The job's error: "
NOT_KEPT = ("not-kept", "The prediction is no longer stored.")

# Of records within what the job was asked for, whatever a worker has put there: one of a release that knew no
# tenants predicts all the ids that it is given.
_ITEMS = text("""
    select item.record_id, item.prediction_id is not null as was_predicted, prediction.id,
           prediction.output, prediction.revision, prediction.content_hash, prediction.computed_at
    from prediction_job_chunks chunk
    join prediction_jobs job on job.id = chunk.job_id
    cross join unnest(chunk.record_ids, chunk.prediction_ids)
        with ordinality as item (record_id, prediction_id, position)
    left join predictions prediction
        on prediction.id = item.prediction_id and starts_with(prediction.record_id, job.record_prefix)
    where chunk.job_id = :job_id and chunk.number = :number
    order by item.position
""").columns(output=JSON())


async def items(session: AsyncSession, job_id: int, number: int) -> list[ChunkRecord]:
    """The records of a chunk in their order; none if the job has no chunk of that number."""
    known, otherwise = await _reasons(session, job_id, number)
    found = await session.execute(_ITEMS, {"job_id": job_id, "number": number})
    return [
        ChunkRecord(record_id, output, revision, content_hash, computed_at, None)
        if prediction_id is not None
        else ChunkRecord(
            *(record_id, None, None, None, None),
            known.get(record_id, NOT_KEPT if was_predicted else otherwise),
        )
        for record_id, was_predicted, prediction_id, output, revision, content_hash, computed_at in found
    ]


async def _reasons(
    session: AsyncSession, job_id: int, number: int
) -> tuple[dict[str, tuple[str, str]], tuple[str, str]]:
    """Why records of a chunk have no prediction: those that failed by themselves, and all others."""
    chunk, job = PredictionJobChunkRow, PredictionJobRow
    query = select(chunk.errors, chunk.state, job.error).join(job, job.id == chunk.job_id)
    found = (await session.execute(query.where(job.id == job_id, chunk.number == number))).one_or_none()
    if found is None:
        return {}, NOT_PREDICTED
    noted = cast(Mapping[str, Mapping[str, str]], found.errors or {})
    known = {record_id: (one["slug"], one["detail"]) for record_id, one in noted.items()}
    if found.state == "failed" and found.error is not None:
        return known, (NOT_PREDICTED[0], ITS_CHUNK_FAILED + found.error)
    return known, NOT_PREDICTED
