"""Queries on prediction jobs that are done by a batch transform job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.jobs import jobs
from app.db.tables import UNDER_WAY, ModelVersionRow, PredictionJobChunkRow, PredictionJobRow


@dataclass(frozen=True)
class BatchJob:
    """A prediction job. ``started_at`` tells its runs apart: it moves on when the job is resumed.

    ``revision`` is what is noted with the version, ``key_id`` whose budget its inferences are of.
    """

    id: int
    state: str
    started_at: datetime | None
    version_id: int
    revision: str
    key_id: int | None
    record_prefix: str


async def begin(session: AsyncSession, job_id: int) -> BatchJob | None:
    """The job, which runs from now on unless it has ended."""
    job = await jobs.lock(session, job_id)
    version = await session.get(ModelVersionRow, job.model_version_id) if job else None
    if job is None or version is None:
        return None
    if job.state == "queued":
        job.state, job.started_at = "running", func.coalesce(PredictionJobRow.started_at, func.now())
        await session.flush()
        await session.refresh(job)
    about = job.id, job.state, job.started_at, version.id, version.revision
    return BatchJob(*about, job.key_id, job.record_prefix)


async def unfinished(session: AsyncSession, job_id: int) -> dict[int, int]:
    """The ids of the chunks that have not ended, by their numbers."""
    row = PredictionJobChunkRow
    under_way = (row.job_id == job_id, row.state.in_(UNDER_WAY))
    found = await session.execute(select(row.number, row.id).where(*under_way).order_by(row.number))
    return dict(found.all())


async def record_ids(session: AsyncSession, chunk_id: int) -> Sequence[str]:
    row = PredictionJobChunkRow
    return (await session.scalars(select(row.record_ids).where(row.id == chunk_id))).one()


async def fail(session: AsyncSession, job_id: int, reason: str) -> None:
    """End what is left of the job, and so the job."""
    job = await jobs.lock(session, job_id)
    if job is None or job.state not in UNDER_WAY:
        return
    row = PredictionJobChunkRow
    left = update(row).where(row.job_id == job_id, row.state.in_(UNDER_WAY))
    await session.execute(left.values(state="failed", failed=func.cardinality(row.record_ids)))
    job.error = job.error or reason
    await jobs.end_if_last(session, job)
