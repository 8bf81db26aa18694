"""Queries on what inferences cost."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import ModelRow, ModelVersionRow, PriceRow
from app.db.tenants import known


async def add(session: AsyncSession, row: PriceRow) -> PriceRow:
    """The row as it is stored."""
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


async def page(
    session: AsyncSession, model: str, *, before: int | None, limit: int
) -> Sequence[Row[PriceRow, str, str | None]]:
    """At most ``limit`` of a model and its versions, with their names: the last that were added first."""
    query = _prices().where(ModelRow.name == model)
    if before is not None:
        query = query.where(PriceRow.id < before)
    return (await session.execute(query.order_by(PriceRow.id.desc()).limit(limit))).all()


async def every(session: AsyncSession) -> Sequence[PriceRow]:
    """Those of all models that the caller may know of, in the order in which they are in force."""
    query = (
        select(PriceRow).join(ModelRow, ModelRow.id == PriceRow.model_id).where(known.model(ModelRow.name))
    )
    return (await session.scalars(query.order_by(PriceRow.valid_from, PriceRow.id))).all()


async def this_hour(session: AsyncSession) -> datetime:
    """When the hour began that it is, by the database's clock."""
    begun: datetime = (await session.scalars(select(func.date_trunc("hour", func.now(), "UTC")))).one()
    return begun


def _prices() -> Select[PriceRow, str, str | None]:
    return (
        select(PriceRow, ModelRow.name, ModelVersionRow.version)
        .join(ModelRow, ModelRow.id == PriceRow.model_id)
        .outerjoin(ModelVersionRow, ModelVersionRow.id == PriceRow.model_version_id)
        .where(known.model(ModelRow.name))
    )
