"""Searches in the metrics of finished runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, UnaryExpression, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.db.server.patience import patient
from app.db.tables import EvaluationMetricRow, EvaluationRow, ModelRow, ModelVersionRow
from app.db.tenants import known
from app.schemas.access.callers import CURRENT
from app.schemas.evaluations.metric_history import MetricSearch, Order


@dataclass(frozen=True)
class Place:
    """Where a page ended: the sorted value of its last row, and the row's key."""

    value: float | None
    finished_at: datetime
    key: tuple[int, str, str, str]


async def search(
    session: AsyncSession, wanted: MetricSearch, *, order: Order, after: Place | None, limit: int
) -> Sequence[Row[*tuple[object, ...]]]:
    """At most ``limit`` metrics that fit, sorted, after a place."""
    query = _selected(wanted).order_by(_sorting(order), *KEY).limit(limit)
    if after is not None:
        query = query.where(_beyond(order, after))
    return (await session.execute(patient(query))).all()


METRIC, RUN = EvaluationMetricRow, EvaluationRow
KEY = (METRIC.evaluation_id, METRIC.metric, METRIC.slice, METRIC.bucket)


def _selected(wanted: MetricSearch) -> Select[*tuple[object, ...]]:
    query = (
        select(
            *(
                METRIC.evaluation_id,
                ModelRow.name.label("model"),
                ModelVersionRow.version,
                RUN.finished_at,
                RUN.kind,
            ),
            *(METRIC.metric, METRIC.slice, METRIC.bucket, METRIC.value, METRIC.reason),
            *(METRIC.low, METRIC.high, METRIC.n, METRIC.small),
        )
        .join(RUN, RUN.id == METRIC.evaluation_id)
        .join(ModelVersionRow, ModelVersionRow.id == RUN.model_version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .where(RUN.state == "done", *_known())
    )
    equal = {
        RUN.kind: wanted.kind,
        ModelRow.name: wanted.model,
        ModelVersionRow.version: wanted.version,
        METRIC.metric: wanted.metric,
        METRIC.slice: wanted.slice,
        METRIC.bucket: wanted.bucket,
    }
    query = query.where(*(column == given for column, given in equal.items() if given is not None))
    if wanted.finished_since is not None:
        query = query.where(RUN.finished_at >= wanted.finished_since)
    if wanted.finished_until is not None:
        query = query.where(RUN.finished_at < wanted.finished_until)
    if wanted.at_least is not None:
        query = query.where(METRIC.value >= wanted.at_least)
    if wanted.at_most is not None:
        query = query.where(METRIC.value <= wanted.at_most)
    return query


def _known() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Of runs that are joined with their models."""
    return known.within_prefix(RUN.record_prefix), known.model(ModelRow.name)


def _sorting(order: Order) -> UnaryExpression[float | None] | UnaryExpression[datetime | None]:
    column = METRIC.value if order.endswith("value") else RUN.finished_at
    return column.desc().nulls_last() if order.startswith("-") else column.asc().nulls_last()


def _beyond(order: Order, place: Place) -> ColumnElement[bool]:
    """The rows after a place, in this order; rows alike in what is sorted by go by their keys."""
    later = tuple_(*KEY) > place.key
    by_value, descending = order.endswith("value"), order.startswith("-")
    if by_value and place.value is None:  # among the undefined, which come last
        return and_(METRIC.value.is_(None), later)
    if by_value:
        beyond = METRIC.value < place.value if descending else METRIC.value > place.value
        return or_(beyond, METRIC.value.is_(None), and_(METRIC.value == place.value, later))
    beyond = RUN.finished_at < place.finished_at if descending else RUN.finished_at > place.finished_at
    return or_(beyond, and_(RUN.finished_at == place.finished_at, later))


async def metrics(session: AsyncSession) -> Sequence[str]:
    """Every metric that was ever measured."""
    return (await session.scalars(patient(_measured(METRIC.metric)))).all()


async def slices(session: AsyncSession) -> Sequence[str]:
    """Every slice that was ever measured, without the whole."""
    return (await session.scalars(_measured(METRIC.slice).where(METRIC.slice != ""))).all()


def _measured(column: InstrumentedAttribute[str]) -> Select[str]:
    query = select(column).distinct()
    if not CURRENT.get().is_bound:
        return query
    return (
        query.join(RUN, RUN.id == METRIC.evaluation_id)
        .join(ModelVersionRow, ModelVersionRow.id == RUN.model_version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .where(*_known())
    )
