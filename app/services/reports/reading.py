"""Read a CSV report: its lines become metrics, or say why they cannot."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.errors import InvalidInput
from app.db.evaluations.runs import Metric
from app.schemas.judged import SMALL
from app.schemas.values.csv_cells import NUMBER
from app.services.reports.lines import ABOUT, MAX_TEXT, NO_NUMBERS, Fault, ReportLine, lines_of

MAX_METRICS = 1_000_000
"""Most metrics that are read from one report; they are held in memory together."""
MAX_N = 2**31 - 1
MAX_REASONS = 5
"""Reasons that are given for one line."""
NOT_A_NUMBER = "not a number in the report"


@dataclass(frozen=True)
class ReportRow:
    """A line of a report: what it says of its run, None where it does not, and its metrics, at least one."""

    line: int
    model: str | None
    version: str | None
    evaluated_at: datetime | None
    metrics: Sequence[Metric]


def read(content: bytes, delimiter: str) -> Iterator[ReportRow | Fault]:
    """The lines of a report, packed with gzip or not, and what in them cannot be used.

    The header tells the form: ``metric`` and ``value``, or a column per metric. InvalidInput, maybe in
    between, says why the file as a whole cannot be used.
    """
    columns, lines = lines_of(content, delimiter)
    empty, metrics = True, 0
    for line in lines:
        for found in [line] if isinstance(line, Fault) else _read_line(line, columns):
            yield found
            metrics += len(found.metrics) if isinstance(found, ReportRow) else 0
        if metrics > MAX_METRICS:
            raise InvalidInput(f"The file has more than {MAX_METRICS} metrics, the most that is read.")
        empty = False
    if empty:
        raise InvalidInput("The report has a header and no lines.")


def moment(text: str) -> datetime | None:
    """A point in time as ISO 8601 writes it, in UTC, or naive if it has no offset; None if it is none."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at
    except (ValueError, OverflowError):
        return None


def _read_line(line: ReportLine, columns: Sequence[str]) -> Iterator[ReportRow | Fault]:
    if len(line.cells) != len(columns):
        yield Fault(line.number, f"The line has {len(line.cells)} cells, the header {len(columns)}.")
        return
    # Without a name is the index column of data frames.
    cells = {name: cell for name, cell in zip(columns, line.cells, strict=True) if name}
    try:
        at = _evaluated_at(cells.get("evaluated_at") or cells.get("finished_at"))
        about = (_text(cells, "model") or None, _text(cells, "version") or None, at)
        found = list(_metrics(cells))
    except InvalidInput as error:
        yield Fault(line.number, error.detail)
        return
    if faults := [one.detail for one in found if isinstance(one, InvalidInput)]:
        more = f" And {len(faults) - MAX_REASONS} more." if len(faults) > MAX_REASONS else ""
        yield Fault(line.number, " ".join(faults[:MAX_REASONS]) + more)
    if metrics := [one for one in found if isinstance(one, Metric)]:
        yield ReportRow(line.number, *about, metrics)


def _metrics(cells: Mapping[str, str]) -> Iterator[Metric | InvalidInput]:
    """The metrics of a line; in the wide form a cell that is no number leaves the others as they are."""
    group, n = (_text(cells, "slice"), _text(cells, "bucket")), _count(cells.get("n", ""))
    if "metric" in cells:
        yield _long(cells, group, n)
        return
    for name in cells:
        if name not in ABOUT:
            try:
                value = _number(name, cells[name])
            except InvalidInput as error:
                yield error
            else:
                reason = NOT_A_NUMBER if value is None else None
                yield Metric(name, *group, value, reason, low=None, high=None, n=n, small=n < SMALL)


def _long(cells: Mapping[str, str], group: tuple[str, str], n: int) -> Metric:
    name = _text(cells, "metric")
    if not name:
        raise InvalidInput("metric: is empty.")
    value, low, high = (_number(column, cells.get(column, "")) for column in ("value", "low", "high"))
    reason = (cells.get("reason") or NOT_A_NUMBER) if value is None else None
    return Metric(name, *group, value, reason, low, high, n, small=n < SMALL)


def _text(cells: Mapping[str, str], column: str) -> str:
    text = cells.get(column, "")
    if len(text) > MAX_TEXT:
        raise InvalidInput(f"{column}: has more than {MAX_TEXT} characters.")
    return text


def _number(column: str, cell: str) -> float | None:
    """The cell's number, None for what is written where there is none, and for one beyond all bounds."""
    # float() alone takes 1_000 for a number, too.
    if NUMBER.fullmatch(cell):
        value = float(cell)
        return value if math.isfinite(value) else None
    if cell.lower() in NO_NUMBERS:
        return None
    raise InvalidInput(f"{column}: {cell[:MAX_TEXT]!r} is not a number.")


def _count(cell: str) -> int:
    """How many records; 0, which marks a group as small, where the report does not say."""
    n = _number("n", cell) or 0.0
    if not n.is_integer() or not 0 <= n <= MAX_N:
        raise InvalidInput(f"n: {cell[:MAX_TEXT]!r} is not a count of records.")
    return int(n)


def _evaluated_at(cell: str | None) -> datetime | None:
    if not cell:
        return None
    at = moment(cell)
    if at is None or at.tzinfo is None:
        detail = f"evaluated_at: {cell[:MAX_TEXT]!r} is not a time with its offset, like 2026-01-31T12:00Z."
        raise InvalidInput(detail)
    return at
