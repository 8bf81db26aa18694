"""Why records of prediction jobs failed, each by itself."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors.stored import title_of
from app.db.server.patience import patient


class FailedRecord(NamedTuple):
    """A record of a job that could not be predicted."""

    record_id: str
    title: str
    detail: str


class Cause(NamedTuple):
    """A kind of error, and how many records of a job it befell."""

    title: str
    records: int


# Of records within what the job was asked for, as in chunks.items.
_OF_JOB = """
    from prediction_job_chunks chunk
    join prediction_jobs job on job.id = chunk.job_id
    cross join lateral jsonb_each(chunk.errors) as failure (record_id, error)
    where chunk.job_id = :job_id and chunk.errors is not null
      and starts_with(failure.record_id, job.record_prefix)
"""
_CAUSES = text(f"select failure.error ->> 'slug', count(*) {_OF_JOB} group by 1 order by 2 desc, 1")
_FIRST = text(f"""
    with first as (
        select id from prediction_job_chunks where job_id = :job_id and errors is not null
        order by number limit :most
    )
    select failure.record_id, failure.error ->> 'slug', failure.error ->> 'detail' {_OF_JOB}
      and chunk.id in (select id from first)
    order by chunk.number, failure.record_id collate "C" limit :most
""")
"""Of no more chunks than are needed: each has at least one."""


async def causes(session: AsyncSession, job_id: int) -> list[Cause]:
    """The most frequent first. Reads all that failed: half a second for a million."""
    found = await session.execute(patient(_CAUSES), {"job_id": job_id})
    return [Cause(title_of(slug), count) for slug, count in found]


async def first(session: AsyncSession, job_id: int, *, most: int) -> Sequence[FailedRecord]:
    """In the order of the ids."""
    found = await session.execute(patient(_FIRST), {"job_id": job_id, "most": most})
    return [FailedRecord(record_id, title_of(slug), detail) for record_id, slug, detail in found]
