"""Operations as callers are told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from pydantic import JsonValue, TypeAdapter

from app.core.cursors import Cursor
from app.core.errors import AppError, NotFound
from app.core.errors.stored import revive
from app.db.engine import Sessions
from app.db.operations import reading as rows
from app.db.tables import OperationRow, PredictionRow
from app.schemas.ids import RowId

CURSOR: Cursor[int] = Cursor("operations", TypeAdapter(RowId))


@dataclass(frozen=True)
class FoundOperation:
    """An operation, the names of its model and version, and what came of it."""

    row: OperationRow
    model: str
    version: str
    prediction: PredictionRow | None

    @property
    def failure(self) -> AppError | None:
        """What it has failed with."""
        if self.row.error is None or self.row.state != "failed":
            return None
        return revive(cast(Mapping[str, JsonValue], self.row.error))


def retry_after(row: OperationRow) -> int:
    """Seconds after which who waits for it may look again: a tenth of what it has taken, as workers do."""
    began = row.submitted_at or row.created_at
    return max(1, min(30, round((datetime.now(began.tzinfo) - began).total_seconds() / 10)))


async def get(sessions: Sessions, operation_id: int) -> FoundOperation:
    """NotFound where there is none that the caller may know of."""
    async with sessions() as session:
        found = await rows.find(session, operation_id)
    if found is None:
        raise NotFound(f"There is no operation {operation_id}.")
    return FoundOperation(*found)


async def page(
    sessions: Sessions, *, limit: int, cursor: str | None
) -> tuple[Sequence[FoundOperation], str | None]:
    """Operations, newest first, from the place where the last page's cursor points; and this one's cursor."""
    before = CURSOR.decode(cursor)
    async with sessions() as session:
        found = await rows.page(session, before=before, limit=limit + 1)
    return CURSOR.cut([FoundOperation(*one) for one in found], limit, lambda last: last.row.id)
