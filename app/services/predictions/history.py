"""The log of predictions, searched."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from app.core.cursors import Cursor
from app.core.errors import NotFound
from app.db.engine import Sessions
from app.db.predictions import history as rows
from app.schemas.ids import RowId
from app.schemas.predictions.predictions import LoggedPrediction, PredictionPage

CURSOR: Cursor[int] = Cursor("predictions", TypeAdapter(RowId))


@dataclass(frozen=True)
class PredictionSearch:
    """What to look for; None does not narrow; ``computed_until`` is excluded."""

    record_id: str | None = None
    model: str | None = None
    version: str | None = None
    computed_since: datetime | None = None
    computed_until: datetime | None = None


async def page(
    sessions: Sessions, search: PredictionSearch, *, limit: int, cursor: str | None
) -> PredictionPage:
    """Predictions, newest first, from the place where the last page's cursor points."""
    before = CURSOR.decode(cursor)
    async with sessions() as session:
        found = await rows.search(session, limit=limit + 1, before=before, **vars(search))
    logged = [LoggedPrediction.model_validate(row, from_attributes=True) for row in found]
    items, next_cursor = CURSOR.cut(logged, limit, lambda last: last.id)
    return PredictionPage(items=items, next_cursor=next_cursor)


async def get(sessions: Sessions, prediction_id: int) -> LoggedPrediction:
    """One prediction of the log, or NotFound."""
    async with sessions() as session:
        row = await rows.find(session, prediction_id)
    if row is None:
        raise NotFound(f"There is no prediction {prediction_id}.")
    return LoggedPrediction.model_validate(row, from_attributes=True)
