"""Searches in the log of predictions."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, case, func, null, select, text, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.db.server.patience import patient
from app.db.tables import ModelRow, ModelVersionRow, PredictionRow
from app.db.tenants import known
from app.schemas.access.callers import CURRENT

T = TypeVar("T")

FoundContent: TypeAlias = Row[str, int, datetime, datetime]
"""A content hash, how many predictions there are of it, and when the first and the last was computed."""

# Releases that took any PREDICTION_TTL stored moments that Python cannot hold.
_EXPIRES = case((PredictionRow.expires_at < text("'9999-01-01'"), PredictionRow.expires_at))


def _logged() -> Select[*tuple[object, ...]]:
    return (
        select(
            *(PredictionRow.id, PredictionRow.record_id, PredictionRow.content_hash),
            *(ModelRow.name.label("model"), ModelVersionRow.version, PredictionRow.revision),
            *(PredictionRow.pipeline_version, PredictionRow.variant, _source().label("source_id")),
            *(PredictionRow.output.label("prediction"), PredictionRow.raw_output, PredictionRow.latency_ms),
            *(PredictionRow.computed_at, _EXPIRES.label("expires_at"), PredictionRow.superseded_at),
            PredictionRow.inference_id,
            _of_the_call(PredictionRow.inference_position).label("inference_position"),
            _of_the_call(PredictionRow.custom_attributes).label("custom_attributes"),
        )
        .join(ModelVersionRow, ModelVersionRow.id == PredictionRow.model_version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .where(known.within_prefix(PredictionRow.record_id), known.model(ModelRow.name))
    )


def _source() -> ScalarSelect[int | None] | InstrumentedAttribute[int | None]:
    """Not of what was copied, for somebody who may know of both, from a record that the caller may not."""
    if not CURRENT.get().record_prefix:
        return PredictionRow.source_id
    source = aliased(PredictionRow)
    query = select(source.id).where(source.id == PredictionRow.source_id)
    return query.where(known.within_prefix(source.record_id)).scalar_subquery()


def _of_the_call(column: InstrumentedAttribute[T]) -> ColumnElement[T] | InstrumentedAttribute[T]:
    """Not for somebody who may not know of each record that may have been in the same call."""
    return type_coerce(null(), column.type) if CURRENT.get().record_prefix else column


async def search(
    session: AsyncSession,
    *,
    record_id: str | None,
    model: str | None,
    version: str | None,
    computed_since: datetime | None,
    computed_until: datetime | None,
    before: int | None,
    limit: int,
) -> Sequence[Row[*tuple[object, ...]]]:
    """At most ``limit`` predictions that fit, newest first, with ids under ``before``."""
    query = _logged()
    for column, wanted in (
        (PredictionRow.record_id, record_id),
        (ModelRow.name, model),
        (ModelVersionRow.version, version),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if computed_since is not None:
        query = query.where(PredictionRow.computed_at >= computed_since)
    if computed_until is not None:
        query = query.where(PredictionRow.computed_at < computed_until)
    if before is not None:
        query = query.where(PredictionRow.id < before)
    return (await session.execute(patient(query.order_by(PredictionRow.id.desc()).limit(limit)))).all()


async def find(session: AsyncSession, prediction_id: int) -> Row[*tuple[object, ...]] | None:
    return (await session.execute(_logged().where(PredictionRow.id == prediction_id))).one_or_none()


async def contents(session: AsyncSession, record_id: str, *, most: int) -> Sequence[FoundContent]:
    """Those that a record was predicted with, as far as the caller may know of that; the newest first."""
    row = PredictionRow
    query = (
        select(row.content_hash, func.count(), func.min(row.computed_at), func.max(row.computed_at))
        .join(ModelVersionRow, ModelVersionRow.id == row.model_version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .where(row.record_id == record_id)
        .where(known.within_prefix(row.record_id), known.model(ModelRow.name))
        .group_by(row.content_hash)
        .order_by(func.max(row.computed_at).desc())
    )
    return (await session.execute(patient(query.limit(most)))).all()
