"""Which version of a model was live when."""

from collections.abc import Sequence

from pydantic import TypeAdapter
from sqlalchemy import Row

from app.core.cursors import Cursor
from app.core.errors import NotFound
from app.db import models
from app.db.engine import Sessions
from app.db.live import moves
from app.db.live.moves import Move
from app.schemas.ids import RowId
from app.schemas.models import LiveHistory, LiveStretch
from app.schemas.records.records import Moment

CURSOR: Cursor[tuple[Moment, bool, int]] = Cursor("live versions", TypeAdapter(tuple[Moment, bool, RowId]))


async def page(sessions: Sessions, model: str, *, limit: int, cursor: str | None) -> LiveHistory:
    """The times in which versions of a model were live, newest first, from the place where the last page's
    cursor points. NotFound where there is no such model; none of a model that never had a live version."""
    place = CURSOR.decode(cursor)
    before = None if place is None else Move(*place)
    async with sessions() as session:
        row = await models.find_model(session, model)
        if row is None:
            raise NotFound(f"There is no model {model!r}.")
        found = await moves.stretches(session, row.id, before=before, limit=limit + 1)
    shown, next_cursor = CURSOR.cut(found, limit, lambda last: (last.since, last.undid, last.promotion_id))
    return LiveHistory(items=[_stretch(one) for one in shown], next_cursor=next_cursor)


async def newest(sessions: Sessions, model: str, versions: Sequence[str]) -> dict[str, LiveStretch]:
    """The last time in which each of these versions was live, by their names; those that never were are left
    out."""
    async with sessions() as session:
        row = await models.find_model(session, model)
        found = [] if row is None else await moves.newest_stretches(session, row.id, versions)
    return {one.version: _stretch(one) for one in found}


def _stretch(row: Row[*tuple[object, ...]]) -> LiveStretch:
    ended = None if row.until is None else "rolled back" if row.was_undone else "replaced"
    return LiveStretch(
        version=row.version,
        since=row.since,
        until=row.until,
        began="rolled back to" if row.undid else "promoted",
        ended=ended,
    )
