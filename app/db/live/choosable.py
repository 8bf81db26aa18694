"""Versions by their names alone, for who chooses one."""

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import ModelRow, ModelVersionRow
from app.db.tenants import known


async def first(session: AsyncSession, *, limit: int) -> Sequence[Row[str, str, bool]]:
    """At most ``limit``, with their models and whether they are live: models by their names, of each the live
    version first, and then the newest first."""
    is_live = (ModelVersionRow.id == ModelRow.live_version_id).is_(True)
    query = (
        select(ModelRow.name, ModelVersionRow.version, is_live)
        .join(ModelVersionRow, ModelVersionRow.model_id == ModelRow.id)
        .where(known.model(ModelRow.name))
        .order_by(ModelRow.name, is_live.desc(), ModelVersionRow.id.desc())
    )
    return (await session.execute(query.limit(limit))).all()
