"""Models, each in a row."""

from collections.abc import Sequence

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.tables import ModelRow, ModelVersionRow
from app.db.tenants import known


async def page(
    session: AsyncSession, *, named_like: str, after: str, limit: int
) -> Sequence[Row[str, str | None, object, object, object]]:
    """At most ``limit`` models whose names have ``named_like`` in them and come after ``after``, in order:
    the live version and its backend, how many versions there are, and when the last was registered."""
    live, every = aliased(ModelVersionRow), aliased(ModelVersionRow)
    counted = (
        select(func.count().label("versions"), func.max(every.created_at).label("registered_at"))
        .where(every.model_id == ModelRow.id)
        .lateral()
    )
    query = (
        select(
            ModelRow.name.label("model"),
            live.version.label("live_version"),
            live.backend,
            counted.c.versions,
            counted.c.registered_at,
        )
        .outerjoin(live, live.id == ModelRow.live_version_id)
        .join(counted, counted.c.versions > 0)
        .where(ModelRow.name > after, known.model(ModelRow.name))
        .order_by(ModelRow.name)
    )
    if named_like:
        query = query.where(ModelRow.name.icontains(named_like, autoescape=True))
    return (await session.execute(query.limit(limit))).all()
