"""What there is at the moment: the versions, which of them are live, and the time."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import ModelRow, ModelVersionRow, PromotionRow
from app.db.tenants import known


async def live_versions(session: AsyncSession) -> Sequence[Row[str, ModelVersionRow, datetime | None]]:
    """The live version of each model that has one, and when the pointer moved last: by a promotion, or by the
    roll-back of one."""
    moved = (
        select(func.max(func.greatest(PromotionRow.promoted_at, PromotionRow.rolled_back_at)))
        .where(PromotionRow.model_id == ModelRow.id)
        .scalar_subquery()
    )
    query: Select[str, ModelVersionRow, datetime | None] = (
        select(ModelRow.name, ModelVersionRow, moved)
        .join(ModelVersionRow, ModelVersionRow.id == ModelRow.live_version_id)
        .where(known.model(ModelRow.name))
    )
    return (await session.execute(query.order_by(ModelRow.name))).all()


class Versions(NamedTuple):
    """A version and the model it is of, by their ids and names."""

    version_id: int
    model_id: int
    model: str
    version: str


async def versions(session: AsyncSession) -> Sequence[Versions]:
    """All that the caller may know of."""
    query = select(ModelVersionRow.id, ModelRow.id, ModelRow.name, ModelVersionRow.version).join(
        ModelRow, ModelRow.id == ModelVersionRow.model_id
    )
    return [*map(Versions._make, (await session.execute(query.where(known.model(ModelRow.name)))).all())]


async def moment(session: AsyncSession) -> datetime:
    """By the database's clock."""
    return (await session.scalars(select(func.now()))).one()
