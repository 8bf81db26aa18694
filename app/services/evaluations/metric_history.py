"""The history of metrics over runs, versions and time."""

from collections.abc import Sequence

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import strict_json
from app.core.cursors import Cursor
from app.core.errors import FieldError, InvalidInput
from app.db.engine import Sessions
from app.db.evaluations import metric_history as rows
from app.db.evaluations.metric_history import Place
from app.schemas.evaluations.metric_history import HistoryPage, HistoryRow, MetricSearch, Order
from app.schemas.ids import RowId
from app.schemas.judged import DRIFT_METRICS, METRICS
from app.schemas.records.records import Moment
from app.schemas.values.csv_cells import csv_text
from app.services.evaluations import runs
from app.services.records import filters
from app.services.use_case import UseCase

CURSOR: Cursor[tuple[float | None, Moment, tuple[int, str, str, str]]] = Cursor(
    "metrics", TypeAdapter(tuple[float | None, Moment, tuple[RowId, str, str, str]])
)


async def page(
    sessions: Sessions,
    use_case: UseCase,
    search: MetricSearch,
    *,
    order: Order,
    limit: int,
    cursor: str | None,
) -> HistoryPage:
    """Metrics of finished runs, from the place where the last page's cursor points.

    NotFound or InvalidInput where the search names a model, version, metric or slice that there is not.
    """
    _check(search)
    place = CURSOR.decode(cursor)
    after = None if place is None else Place(*place)
    async with sessions() as session:
        found = await rows.search(session, search, order=order, after=after, limit=limit + 1)
        if not found and after is None:
            await _require_names(session, use_case, search)
    rows_found = [HistoryRow.model_validate(row, from_attributes=True) for row in found]
    items, next_cursor = CURSOR.cut(rows_found, limit, _place)
    return HistoryPage(items=items, next_cursor=next_cursor)


def _check(search: MetricSearch) -> None:
    for field in ("metric", "slice", "bucket"):
        strict_json.check(getattr(search, field), field)
    since, until = search.finished_since, search.finished_until
    if since is not None and until is not None and since >= until:
        fault = FieldError("finished_until", "must be after finished_since")
        raise InvalidInput("The window is empty.", errors=[fault])


async def _require_names(session: AsyncSession, use_case: UseCase, search: MetricSearch) -> None:
    """Nothing was found: because of a name that there is not?"""
    await runs.require_version(session, search.model, search.version)
    known = {*METRICS[use_case.task], *DRIFT_METRICS, *await rows.metrics(session)}
    slices = await rows.slices(session)
    faults = filters.unknown("metric", [search.metric] if search.metric else (), known)
    if slices:  # before the first run nobody can know them
        faults += filters.unknown("slice", [search.slice] if search.slice else (), slices)
    if faults:
        raise InvalidInput("The search names something that does not exist.", errors=faults)


def as_csv(items: Sequence[HistoryRow]) -> str:
    """The rows as CSV with a header; an undefined value is an empty cell."""
    cells = (item.model_dump(mode="json").values() for item in items)
    return csv_text([list(HistoryRow.model_fields), *map(list, cells)])


def _place(row: HistoryRow) -> tuple[float | None, Moment, tuple[int, str, str, str]]:
    return row.value, row.finished_at, (row.evaluation_id, row.metric, row.slice, row.bucket)
