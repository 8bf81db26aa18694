"""Queries on prediction jobs; what is done with their chunks is in chunks.py."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, cast

from pydantic import JsonValue
from sqlalchemy import BigInteger, Float, Row, Select, func, insert, literal, select, text, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors.stored import title_of
from app.db.queue import tasks
from app.db.records import windows
from app.db.records.windows import Window
from app.db.server.patience import patient
from app.db.tables import (
    UNDER_WAY,
    InputObjectRow,
    LabelRow,
    ModelRow,
    ModelVersionRow,
    PredictionJobChunkRow,
    PredictionJobRow,
    RecordKey,
)
from app.db.tenants import known
from app.schemas.access.callers import CURRENT
from app.schemas.shortfalls import shortfall

RECORDS_PER_CHUNK = 1000

UNFINISHED = "the reason that `error` says"
"""Why the records of a chunk that was given up failed."""
_REASONS = text("""
    select failure.value ->> 'slug', count(*)
    from prediction_job_chunks chunk cross join jsonb_each(chunk.errors) as failure
    where chunk.job_id = :job_id group by 1
""")

JobInfo: TypeAlias = Row[PredictionJobRow, str, str, int, int, int, float | None]
"""A job, the names of its model and version, how many records are predicted, were hits, and failed, and the
seconds it has been running."""


def _given(record_ids: Iterable[str]) -> Select[str]:
    """These ids, each once, stored or not: what there is not becomes an item that failed."""
    wanted = func.unnest(sql_cast(list(set(record_ids)), ARRAY(RecordKey))).column_valued("id")
    return select(wanted.collate("C").label("id"))


def _within(window: Window) -> Select[str]:
    return (
        select(InputObjectRow.id)
        .outerjoin(LabelRow, LabelRow.record_id == InputObjectRow.id)
        .where(window.condition)
    )


async def create(
    session: AsyncSession, version_id: int, chosen: Window | Sequence[str], *, engine: str, request: JsonValue
) -> tuple[int, list[int]]:
    """A job on the records of a window or with these ids, and its chunks, in the order of the ids; it is done
    within what the caller may know of.

    One without records is done.
    """
    row = PredictionJobRow(
        model_version_id=version_id,
        engine=engine,
        request=request,
        state="queued",
        record_prefix=CURRENT.get().record_prefix,
    )
    session.add(row)
    await session.flush()
    if isinstance(chosen, Window):
        left_out = await windows.count(session, chosen)
        row.without_time, row.unfit = left_out.without_time, left_out.unfit
    query = _within(chosen) if isinstance(chosen, Window) else _given(chosen)
    chunk_ids, row.records = await _split(session, row.id, query)
    await end_if_last(session, row)
    return row.id, chunk_ids


async def _split(session: AsyncSession, job_id: int, chosen: Select[str]) -> tuple[list[int], int]:
    """Chunks of the chosen records, made inside the database; their ids, and the number of records."""
    records = chosen.subquery()
    position = func.row_number().over(order_by=records.c.id) - 1
    numbered = select(records.c.id, (position // RECORDS_PER_CHUNK).label("number")).subquery()
    chunks = (
        select(
            literal(job_id, BigInteger()),
            numbered.c.number,
            func.array_agg(aggregate_order_by(numbered.c.id, numbered.c.id)),
        )
        .group_by(numbered.c.number)
        .order_by(numbered.c.number)
    )
    row = PredictionJobChunkRow
    statement = insert(row).from_select(["job_id", "number", "record_ids"], chunks)
    made = await session.execute(patient(statement.returning(row.id, func.cardinality(row.record_ids))))
    sizes: dict[int, int] = dict(made.all())
    return sorted(sizes), sum(sizes.values())


async def find(session: AsyncSession, job_id: int) -> JobInfo | None:
    return (await session.execute(_with_counts().where(PredictionJobRow.id == job_id))).one_or_none()


async def page(session: AsyncSession, *, before: int | None, limit: int) -> Sequence[JobInfo]:
    """At most ``limit`` jobs, newest first, with ids under ``before``."""
    query = _with_counts().order_by(PredictionJobRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(PredictionJobRow.id < before)
    return (await session.execute(query)).all()


def _with_counts() -> Select[PredictionJobRow, str, str, int, int, int, float | None]:
    chunk = PredictionJobChunkRow
    sums = (func.coalesce(func.sum(column), 0) for column in (chunk.predicted, chunk.hits, chunk.failed))
    counts = select(*sums).where(chunk.job_id == PredictionJobRow.id).lateral()
    job = PredictionJobRow
    running = func.coalesce(job.finished_at, func.now()) - job.started_at
    seconds = sql_cast(func.extract("epoch", running), Float())
    return (
        select(job, ModelRow.name, ModelVersionRow.version, *counts.columns, seconds)
        .join(ModelVersionRow, ModelVersionRow.id == PredictionJobRow.model_version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .join(counts, literal(True))
        .where(known.within_prefix(job.record_prefix), known.model(ModelRow.name))
    )


async def lock(session: AsyncSession, job_id: int) -> PredictionJobRow | None:
    """The job, locked until the transaction ends."""
    return await session.get(PredictionJobRow, job_id, with_for_update=True, populate_existing=True)


async def end_if_last(session: AsyncSession, job: PredictionJobRow) -> None:
    """End a job that is locked if all its chunks have ended, once. Its results are written if asked for."""
    chunk = PredictionJobChunkRow
    states = set(await session.scalars(select(chunk.state).distinct().where(chunk.job_id == job.id)))
    if job.state not in UNDER_WAY or not states.isdisjoint(UNDER_WAY):
        return
    job.state = "failed" if "failed" in states else "done"
    job.finished_at = func.now()
    job.warning = await _warning(session, job)
    await session.flush()
    if job.state == "done" and cast(Mapping[str, JsonValue], job.request).get("store_as"):
        await tasks.enqueue(session, "write_result", [job.id])


async def _warning(session: AsyncSession, job: PredictionJobRow) -> str | None:
    chunk = PredictionJobChunkRow
    of_job = select(func.coalesce(func.sum(chunk.failed), 0)).where(chunk.job_id == job.id)
    failed = (await session.scalars(of_job)).one()
    unfinished = (await session.scalars(of_job.where(chunk.state == "failed"))).one()
    counted = await session.execute(patient(_REASONS), {"job_id": job.id})
    reasons = {title_of(slug): count for slug, count in counted}
    if unfinished:
        reasons[UNFINISHED] = unfinished
    return shortfall(failed, job.records, reasons)


def cancel(job: PredictionJobRow) -> None:
    """End a job that is locked; its workers stop at their next look."""
    job.state, job.finished_at = "cancelled", func.now()


async def resume(session: AsyncSession, job: PredictionJobRow) -> list[int]:
    """Queue the chunks anew that are not done, of a job that is locked; without one the job has ended. What
    is left of it is of the present caller's budget.

    ``started_at`` moves on by the length of the pause, so that the rate stays that of the work.
    """
    row = PredictionJobChunkRow
    unfinished = update(row).where(row.job_id == job.id, row.state != "done")
    chunk_ids = await session.scalars(
        unfinished.values(state="queued", attempts=0, failed=0, operation_ids=None).returning(row.id)
    )
    job.state, job.error, job.warning, job.key_id = "queued", None, None, CURRENT.get().key_id
    job.started_at = func.now() - (PredictionJobRow.finished_at - PredictionJobRow.started_at)
    job.finished_at = None
    await session.flush()
    await end_if_last(session, job)
    return sorted(chunk_ids)


async def note_result(session: AsyncSession, job_id: int, *, key: str | None, error: str | None) -> None:
    """Where a job's results were written, or why they could not be."""
    row = PredictionJobRow
    await session.execute(update(row).where(row.id == job_id).values(result=key, error=error))
