"""Who asked for work, as far as the caller may know."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import ApiKeyRow, EvaluationRow, OperationRow, PredictionJobRow
from app.schemas.access.callers import CURRENT

AskedWork: TypeAlias = Literal["jobs", "evaluations", "operations"]
_COLUMNS: Final = {
    "jobs": (PredictionJobRow.id, PredictionJobRow.key_id),
    "evaluations": (EvaluationRow.id, EvaluationRow.key_id),
    "operations": (OperationRow.id, OperationRow.key_id),
}


async def names(session: AsyncSession, work: AskedWork, ids: Sequence[int]) -> Mapping[int, str]:
    """The names of the keys that these were asked for with, where it was one. A caller who may not know of
    everything is told of its own alone."""
    (row_id, key_id), caller = _COLUMNS[work], CURRENT.get()
    own = ApiKeyRow.id == caller.key_id if caller.is_bound else true()
    query = select(row_id, ApiKeyRow.name).join(ApiKeyRow, ApiKeyRow.id == key_id).where(own)
    return dict((await session.execute(query.where(row_id.in_(ids)))).all())
