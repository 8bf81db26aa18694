"""Queries on evaluation runs, the records they judged, and what they found."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.records.windows import WindowCounts
from app.db.server.patience import patient
from app.db.tables import (
    UNDER_WAY,
    EvaluationItemRow,
    EvaluationMetricRow,
    EvaluationRow,
    ModelRow,
    ModelVersionRow,
    PredictionRow,
)
from app.db.tenants import known
from app.schemas.access.callers import CURRENT
from app.schemas.evaluations.runs import EvaluationSearch
from app.schemas.shortfalls import shortfall


@dataclass(frozen=True)
class JudgedRecord:
    """A judged record."""

    record_id: str
    prediction_id: int
    truth: JsonValue
    groups: tuple[str, ...]
    bucket: str


@dataclass(frozen=True)
class Metric:
    """A metric of one group; see EvaluationMetricRow."""

    metric: str
    slice: str
    bucket: str
    value: float | None
    reason: str | None
    low: float | None
    high: float | None
    n: int
    small: bool


async def create(session: AsyncSession, version_id: int, kind: str, request: JsonValue) -> int:
    """A queued run, within what the caller may know of."""
    prefix = CURRENT.get().record_prefix
    row = EvaluationRow(
        model_version_id=version_id, kind=kind, filter=request, state="queued", record_prefix=prefix
    )
    session.add(row)
    await session.flush()
    return row.id


async def find(session: AsyncSession, evaluation_id: int) -> Row[EvaluationRow, str, str] | None:
    """A run with the names of its model and version."""
    return (await session.execute(_named().where(EvaluationRow.id == evaluation_id))).one_or_none()


async def page(
    session: AsyncSession, wanted: EvaluationSearch, *, before: int | None, limit: int
) -> Sequence[Row[EvaluationRow, str, str]]:
    """At most ``limit`` runs with the names of their models and versions, newest first."""
    equal = {
        EvaluationRow.state: wanted.state,
        EvaluationRow.kind: wanted.kind,
        ModelRow.name: wanted.model,
        ModelVersionRow.version: wanted.version,
    }
    query = _named().where(*(column == given for column, given in equal.items() if given is not None))
    if before is not None:
        query = query.where(EvaluationRow.id < before)
    return (await session.execute(query.order_by(EvaluationRow.id.desc()).limit(limit))).all()


async def headlines(
    session: AsyncSession, evaluation_ids: Collection[int], names: Collection[str]
) -> Sequence[EvaluationMetricRow]:
    """Of these runs the metrics of all records in the whole window that are named or have an interval."""
    row = EvaluationMetricRow
    whole = row.evaluation_id.in_(evaluation_ids), row.slice == "", row.bucket == ""
    query = select(row).where(*whole, row.metric.in_(names) | row.low.is_not(None))
    return (await session.scalars(query.order_by(row.evaluation_id, row.metric))).all()


def _named() -> Select[EvaluationRow, str, str]:
    return (
        select(EvaluationRow, ModelRow.name, ModelVersionRow.version)
        .join(ModelVersionRow, ModelVersionRow.id == EvaluationRow.model_version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .where(known.within_prefix(EvaluationRow.record_prefix), known.model(ModelRow.name))
    )


async def begin(session: AsyncSession, evaluation_id: int) -> int | None:
    """Count an attempt at a run: which one this is, None where the run has ended."""
    query = (
        update(EvaluationRow)
        .where(EvaluationRow.id == evaluation_id, EvaluationRow.state.in_(UNDER_WAY))
        .values(attempts=EvaluationRow.attempts + 1)
        .returning(EvaluationRow.attempts)
    )
    return (await session.scalars(query)).one_or_none()


async def hand_back(session: AsyncSession, evaluation_id: int, *, attempt: int) -> None:
    """Take back what ``begin`` counted, for an attempt that ended in order and is followed by another."""
    mine = EvaluationRow.attempts == attempt
    await _move(session, evaluation_id, mine, attempts=EvaluationRow.attempts - 1)


async def start(session: AsyncSession, evaluation_id: int, counts: WindowCounts) -> bool:
    """Mark a run as running from its beginning; False if it is not to run (any more)."""
    fresh = {"predicted": 0, "failed": 0, "warning": None, "started_at": func.now()}
    return await _move(session, evaluation_id, state="running", **vars(counts), **fresh)


async def progress(
    session: AsyncSession, evaluation_id: int, *, predicted: int, reasons: Mapping[str, int]
) -> bool:
    """Note how far a run is, and why records failed, counted; False if it was cancelled."""
    failed = sum(reasons.values())
    warning = shortfall(failed, predicted + failed, reasons)
    return await _move(session, evaluation_id, predicted=predicted, failed=failed, warning=warning)


async def end(session: AsyncSession, evaluation_id: int, state: str) -> bool:
    """Finish or cancel a run; False if it had ended before.

    Any attempt may finish it: what they find is the same.
    """
    return await _move(session, evaluation_id, state=state, finished_at=func.now())


async def fail(session: AsyncSession, evaluation_id: int, error: str, *, attempt: int) -> bool:
    """Fail a run; False if it had ended before, or if a later attempt than this one is at it."""
    mine = EvaluationRow.attempts == attempt
    return await _move(session, evaluation_id, mine, state="failed", error=error, finished_at=func.now())


async def _move(
    session: AsyncSession, evaluation_id: int, *conditions: ColumnElement[bool], **values: object
) -> bool:
    query = (
        update(EvaluationRow)
        .where(EvaluationRow.id == evaluation_id, EvaluationRow.state.in_(UNDER_WAY), *conditions)
        .values(**values)
        .returning(EvaluationRow.id)
    )
    return (await session.scalars(query)).one_or_none() is not None


ITEMS_AT_ONCE = 10_000
# Not by COPY: nothing ends one that waits for its client, such as a worker that hangs, no time-out either,
# and meanwhile the run's row is locked.
_ADD_ITEMS = text("""
    insert into evaluation_items (evaluation_id, record_id, prediction_id, truth, groups, bucket)
    select :evaluation_id, item.record_id, item.prediction_id, cast(item.truth as jsonb),
           array(select jsonb_array_elements_text(cast(item.groups as jsonb))), item.bucket
    from unnest(
        cast(:record_ids as text[]), cast(:prediction_ids as bigint[]), cast(:truths as text[]),
        cast(:groups as text[]), cast(:buckets as text[])
    ) as item (record_id, prediction_id, truth, groups, bucket)
""")


async def store(
    session: AsyncSession, evaluation_id: int, items: Sequence[JudgedRecord], metrics: Sequence[Metric]
) -> None:
    """Put a run's results in, in place of those of an attempt before."""
    for table in (EvaluationItemRow, EvaluationMetricRow):
        await session.execute(patient(delete(table).where(table.evaluation_id == evaluation_id)))
    if metrics:
        rows = [{"evaluation_id": evaluation_id, **vars(metric)} for metric in metrics]
        await session.execute(insert(EvaluationMetricRow), rows)
    for begin in range(0, len(items), ITEMS_AT_ONCE):
        part = items[begin : begin + ITEMS_AT_ONCE]
        columns = {
            "record_ids": [one.record_id for one in part],
            "prediction_ids": [one.prediction_id for one in part],
            "truths": [json.dumps(one.truth) for one in part],
            "groups": [json.dumps(one.groups) for one in part],
            "buckets": [one.bucket for one in part],
        }
        await session.execute(_ADD_ITEMS, {"evaluation_id": evaluation_id} | columns)


async def metrics_of(session: AsyncSession, evaluation_id: int) -> Sequence[EvaluationMetricRow]:
    """A run's metrics: the whole first, then its buckets in order, then its slices."""
    row = EvaluationMetricRow
    query = select(row).where(row.evaluation_id == evaluation_id)
    return (await session.scalars(query.order_by(row.slice, row.bucket, row.metric))).all()


SharedRecord: TypeAlias = Row[JsonValue, JsonValue, JsonValue, list[str], str]
"""A record that two runs judged: the truth (as the second knew it), both outputs, the groups, the bucket."""


async def shared(session: AsyncSession, a: int, b: int) -> Sequence[SharedRecord]:
    """Records that two runs judged, b being the second."""
    one, other = EvaluationItemRow.__table__.alias("one"), EvaluationItemRow.__table__.alias("other")
    before, after = PredictionRow.__table__.alias("before"), PredictionRow.__table__.alias("after")
    query = (
        select(other.c.truth, before.c.output, after.c.output, other.c.groups, other.c.bucket)
        .select_from(one)
        .join(other, (other.c.record_id == one.c.record_id) & (other.c.evaluation_id == b))
        .join(before, before.c.id == one.c.prediction_id)
        .join(after, after.c.id == other.c.prediction_id)
        .where(one.c.evaluation_id == a)
        .order_by(one.c.record_id)  # so that the same comparison resamples the same records
    )
    return (await session.execute(patient(query))).all()
