"""The history of metrics over runs, versions and time."""

import base64
import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from app.core.errors import FieldError, InvalidInput
from app.db import metric_history as rows
from app.db.engine import Sessions
from app.db.metric_history import Order, Place, Search
from app.schemas.evaluations import HistoryPage, HistoryRow

PLACE: TypeAdapter[tuple[float | None, datetime, tuple[int, str, str, str]]] = TypeAdapter(
    tuple[float | None, datetime, tuple[int, str, str, str]]
)


async def page(
    sessions: Sessions, search: Search, *, order: Order, limit: int, cursor: str | None
) -> HistoryPage:
    """Metrics of finished runs, from the place where the last page's cursor points."""
    after = _decode(cursor) if cursor else None
    async with sessions() as session:
        found = await rows.search(session, search, order=order, after=after, limit=limit + 1)
    items = [HistoryRow.model_validate(row, from_attributes=True) for row in found[:limit]]
    return HistoryPage(items=items, next_cursor=_encode(items[-1]) if len(found) > limit else None)


def as_csv(items: Sequence[HistoryRow]) -> str:
    """The rows as CSV with a header; an undefined value is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(HistoryRow.model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(item.model_dump(mode="json") for item in items)
    return text.getvalue()


def _encode(last: HistoryRow) -> str:
    key = (last.evaluation_id, last.metric, last.slice, last.bucket)
    return base64.urlsafe_b64encode(PLACE.dump_json((last.value, last.finished_at, key))).decode()


def _decode(cursor: str) -> Place:
    try:
        return Place(*PLACE.validate_python(json.loads(base64.b64decode(cursor, "-_", validate=True))))
    except (ValueError, ValidationError) as error:
        fault = FieldError("cursor", "pass next_cursor unchanged")
        raise InvalidInput("The cursor is not one of ours.", errors=[fault]) from error
