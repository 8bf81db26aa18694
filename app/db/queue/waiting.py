"""What waits for a worker, as far as the caller may know of it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, String, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.db.tables import (
    UNDER_WAY,
    EvaluationRow,
    ModelRow,
    ModelVersionRow,
    OperationRow,
    PredictionJobChunkRow,
    PredictionJobRow,
)
from app.db.tenants import known


class Waiting(NamedTuple):
    """How many of a kind wait, and since when the first of them does; None: there are none.

    ``kind`` is `chunks` of prediction jobs, up to 1,000 records each, `evaluations` or `operations`.
    """

    kind: str
    number: int
    since: datetime | None


async def count(session: AsyncSession) -> list[Waiting]:
    """By kind; what a worker is at does not wait. Jobs and evaluations are few, and operations that are open
    have an index."""
    found = await session.execute(union_all(_chunks(), _evaluations(), _operations()))
    return [Waiting(*row) for row in found]


def _chunks() -> Select[str, int, datetime | None]:
    chunk, job = PredictionJobChunkRow, PredictionJobRow
    counted = _counted("chunks", job.created_at).join_from(chunk, job, chunk.job_id == job.id)
    waits = job.state.in_(UNDER_WAY), chunk.state == "queued", known.within_prefix(job.record_prefix)
    return _of_known_models(counted, job.model_version_id).where(*waits)


def _evaluations() -> Select[str, int, datetime | None]:
    run = EvaluationRow
    counted = _counted("evaluations", run.created_at).select_from(run)
    waits = run.state == "queued", known.within_prefix(run.record_prefix)
    return _of_known_models(counted, run.model_version_id).where(*waits)


def _operations() -> Select[str, int, datetime | None]:
    row = OperationRow
    counted = _counted("operations", row.created_at).select_from(row)
    mine = known.within_prefix(row.record_prefix), known.within_prefix(row.record_id)
    return _of_known_models(counted, row.model_version_id).where(
        row.state.in_(UNDER_WAY), row.due_at <= func.now(), *mine
    )


def _counted(kind: str, since: InstrumentedAttribute[datetime]) -> Select[str, int, datetime | None]:
    return select(literal(kind, String()), func.count(), func.min(since))


def _of_known_models(
    counted: Select[str, int, datetime | None], version_id: InstrumentedAttribute[int]
) -> Select[str, int, datetime | None]:
    return (
        counted.join(ModelVersionRow, ModelVersionRow.id == version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .where(known.model(ModelRow.name))
    )
