"""The log of predictions, searched."""

from dataclasses import dataclass
from datetime import datetime

from app.core.errors import FieldError, InvalidInput, NotFound
from app.db.engine import Sessions
from app.db.predictions import history as rows
from app.schemas.predictions import LoggedPrediction, PredictionPage


@dataclass(frozen=True)
class Search:
    """What to look for; None does not narrow. Times are those of the computation, ``until`` excluded."""

    record_id: str | None = None
    model: str | None = None
    version: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(sessions: Sessions, search: Search, *, limit: int, cursor: str | None) -> PredictionPage:
    """Predictions, newest first, from the place where the last page's cursor points."""
    before = _parse(cursor) if cursor else None
    async with sessions() as session:
        found = await rows.search(session, limit=limit + 1, before=before, **vars(search))
    items = [LoggedPrediction.model_validate(row, from_attributes=True) for row in found[:limit]]
    return PredictionPage(items=items, next_cursor=str(items[-1].id) if len(found) > limit else None)


async def get(sessions: Sessions, prediction_id: int) -> LoggedPrediction:
    """One prediction of the log, or NotFound."""
    async with sessions() as session:
        row = await rows.find(session, prediction_id)
    if row is None:
        raise NotFound(f"There is no prediction {prediction_id}.")
    return LoggedPrediction.model_validate(row, from_attributes=True)


def _parse(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise InvalidInput(
            "The cursor is not one of ours.", errors=[FieldError("cursor", "pass next_cursor unchanged")]
        )
    return int(cursor)
