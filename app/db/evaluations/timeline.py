"""Single metrics of many runs, found by their keys: a run may have thousands of slices."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.server.patience import patient
from app.db.tables import EvaluationMetricRow

METRIC = EvaluationMetricRow


async def whole(
    session: AsyncSession, evaluation_ids: Collection[int], names: Collection[str]
) -> Sequence[EvaluationMetricRow]:
    """These metrics of all records in the whole window of each run."""
    return await _found(session, evaluation_ids, METRIC.metric.in_(names), METRIC.slice == "")


async def of_groups(
    session: AsyncSession, evaluation_ids: Collection[int], metric: str, groups: Collection[str]
) -> Sequence[EvaluationMetricRow]:
    """A metric of these groups in the whole window of each run."""
    return await _found(session, evaluation_ids, METRIC.metric == metric, METRIC.slice.in_(groups))


async def _found(
    session: AsyncSession, evaluation_ids: Collection[int], *conditions: ColumnElement[bool]
) -> Sequence[EvaluationMetricRow]:
    query = select(METRIC).where(METRIC.evaluation_id.in_(evaluation_ids), METRIC.bucket == "", *conditions)
    return (await session.scalars(patient(query))).all()


async def parts(
    session: AsyncSession, evaluation_ids: Collection[int], metric: str, *, limit: int
) -> Sequence[EvaluationMetricRow]:
    """A metric of the buckets and the groups of these runs, at most ``limit``: those of most records."""
    query = select(METRIC).where(
        METRIC.evaluation_id.in_(evaluation_ids),
        METRIC.metric == metric,
        (METRIC.bucket != "") | (METRIC.slice != ""),
    )
    key = METRIC.n.desc(), METRIC.slice, METRIC.bucket, METRIC.evaluation_id
    return (await session.scalars(patient(query.order_by(*key).limit(limit)))).all()
