"""Operations as callers are told of them."""

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.server.patience import patient
from app.db.tables import ModelRow, ModelVersionRow, OperationRow, PredictionRow
from app.db.tenants import known

OperationInfo: TypeAlias = Row[OperationRow, str, str, PredictionRow | None]
"""An operation, the names of its model and version, and its prediction."""


async def find(session: AsyncSession, operation_id: int) -> OperationInfo | None:
    """As far as the caller may know of it."""
    return (await session.execute(_known().where(OperationRow.id == operation_id))).one_or_none()


async def page(session: AsyncSession, *, before: int | None, limit: int) -> Sequence[OperationInfo]:
    """At most ``limit`` of those that the caller may know of, newest first, with ids under ``before``."""
    query = _known().order_by(OperationRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(OperationRow.id < before)
    return (await session.execute(patient(query))).all()


def _known() -> Select[OperationRow, str, str, PredictionRow | None]:
    row = OperationRow
    return (
        select(row, ModelRow.name, ModelVersionRow.version, PredictionRow)
        .join(ModelVersionRow, ModelVersionRow.id == row.model_version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .outerjoin(PredictionRow, PredictionRow.id == row.prediction_id)
        .where(and_(known.within_prefix(row.record_prefix), known.within_prefix(row.record_id)))
        .where(known.model(ModelRow.name))
    )
