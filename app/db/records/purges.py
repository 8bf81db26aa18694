"""Queries that delete records by a filter, in batches."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, func, not_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.records.windows import Window
from app.db.server.patience import patient
from app.db.tables import InputObjectRow, LabelRow
from app.schemas.records.purges import PurgeCounts


@dataclass(frozen=True)
class Doomed:
    """The records of a window, fit or not, whose ids start with ``prefix``; or of these the unfit ones."""

    window: Window
    prefix: str
    only_unfit: bool

    @property
    def condition(self) -> ColumnElement[bool]:
        starts = func.starts_with(InputObjectRow.id, self.prefix) if self.prefix else true()
        unfit = not_(self.window.is_fit) if self.only_unfit else true()
        return and_(starts, unfit, self.window.has_values, self.window.is_in_time(self.window.time))


async def count(session: AsyncSession, doomed: Doomed) -> PurgeCounts:
    query = (
        select(func.count(), func.count(LabelRow.record_id))
        .select_from(InputObjectRow)
        .outerjoin(LabelRow, LabelRow.record_id == InputObjectRow.id)
        .where(doomed.condition)
    )
    return PurgeCounts(*(await session.execute(patient(query))).one())


async def delete_batch(
    session: AsyncSession, doomed: Doomed, *, after: str, limit: int
) -> tuple[Sequence[str], PurgeCounts]:
    """Delete at most ``limit`` records with ids after ``after``, and their labels; the ids in their order,
    none where there was none left."""
    chosen = (
        select(InputObjectRow.id)
        .outerjoin(LabelRow, LabelRow.record_id == InputObjectRow.id)
        .where(doomed.condition, InputObjectRow.id > after)
        .order_by(InputObjectRow.id)
        .limit(limit)
        .with_for_update(of=InputObjectRow)
    )
    ids = (await session.scalars(patient(chosen))).all()
    labels = delete(LabelRow).where(LabelRow.record_id.in_(ids)).returning(LabelRow.record_id)
    labelled = len((await session.scalars(labels)).all())
    await session.execute(delete(InputObjectRow).where(InputObjectRow.id.in_(ids)))
    return ids, PurgeCounts(len(ids), labelled)
