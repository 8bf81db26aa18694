"""Operations as callers are told of them."""

from typing import TypeAlias

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import ModelRow, ModelVersionRow, OperationRow, PredictionRow
from app.db.tenants import known

OperationInfo: TypeAlias = Row[OperationRow, str, str, PredictionRow | None]
"""An operation, the names of its model and version, and its prediction."""


async def find(session: AsyncSession, operation_id: int) -> OperationInfo | None:
    """As far as the caller may know of it."""
    row = OperationRow
    query: Select[OperationRow, str, str, PredictionRow | None] = (
        select(row, ModelRow.name, ModelVersionRow.version, PredictionRow)
        .join(ModelVersionRow, ModelVersionRow.id == row.model_version_id)
        .join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
        .outerjoin(PredictionRow, PredictionRow.id == row.prediction_id)
        .where(row.id == operation_id)
        .where(and_(known.within_prefix(row.record_prefix), known.within_prefix(row.record_id)))
        .where(known.model(ModelRow.name))
    )
    return (await session.execute(query)).one_or_none()
