"""Reports: the metrics of runs as CSV, written to the storage, and read from there whoever wrote them."""

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import update

from app.core.errors import Conflict, InvalidInput, StorageError
from app.db.engine import Sessions
from app.db.evaluations import Metric
from app.db.tables import EvaluationRow
from app.schemas.evaluations import Evaluation, HistoryRow
from app.schemas.records import Moment
from app.services import evaluation, evaluation_history, evaluations, metrics
from app.services.judging import SMALL
from app.storage import Storage

log = structlog.get_logger(__name__)

MAX_BYTES = 10_000_000
"""Largest report that is read, packed or unpacked: some 100,000 metrics."""
MAX_TEXT = 200
"""Longest name of a metric, slice or bucket, in characters; they are a key together."""
MAX_N = 2**31 - 1
NOT_A_NUMBER = "not a number in the report"

GZIP = b"\x1f\x8b"
LONG = ("metric", "value")
OPTIONAL = ("model", "version", "slice", "bucket", "n", "evaluated_at")
ABOUT = (*OPTIONAL, "finished_at")
"""Columns of the wide form that are no metrics; our own reports say finished_at."""
KNOWN = {name for task in metrics.METRICS.values() for name in task}

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
NO_NUMBERS = {"", "na", "n/a", "nan", "null", "none", "inf", "+inf", "-inf", "infinity", "-infinity"}
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""NUL, which Postgres refuses, and what stands for bytes that are not UTF-8."""
MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@dataclass(frozen=True)
class Row:
    """A line of a report: the run it belongs to, None where it does not say, and its metrics."""

    line: int
    model: str | None
    version: str | None
    evaluated_at: datetime | None
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class Fault:
    """A line that cannot be used."""

    line: int
    reason: str


async def save(sessions: Sessions, storage: Storage, evaluation_id: int) -> str:
    """Write the report of a finished run, and note its key with the run.

    Where the storage fails the run stays as it is: the failure is noted with it, logged, and raised as the
    StorageError it is. Saving once more replaces the object.
    """
    run = await evaluations.get(sessions, evaluation_id)
    if run.state != "done" or run.kind == "report":
        what = "came from a report" if run.kind == "report" else f"is {run.state}"
        raise Conflict(f"The evaluation {evaluation_id} {what}: reports are of finished runs of our own.")
    try:
        key = await write(storage, run)
    except StorageError as error:
        log.warning("report not written", evaluation=evaluation_id, detail=error.detail)
        await _note(sessions, evaluation_id, error=f"The report was not written: {error.detail}")
        raise
    await _note(sessions, evaluation_id, report=key, error=None)
    return key


async def write(storage: Storage, run: Evaluation) -> str:
    """Write a finished run's metrics as CSV, with the columns of HistoryRow; returns the key."""
    assert run.finished_at is not None
    about = {name: getattr(run, name) for name in ("kind", "model", "version", "finished_at")}
    rows = [HistoryRow(evaluation_id=run.id, **about, **one.model_dump()) for one in run.metrics]
    stamp = run.finished_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    key = f"{evaluation.REPORT_PREFIX}/{run.model}/{run.version}/{stamp}.csv"
    await storage.put(key, evaluation_history.as_csv(rows).encode())
    return key


async def _note(sessions: Sessions, evaluation_id: int, **values: str | None) -> None:
    async with sessions.begin() as session:
        await session.execute(update(EvaluationRow).where(EvaluationRow.id == evaluation_id).values(**values))


def read(content: bytes, delimiter: str) -> tuple[list[Row], list[Fault]]:
    """The lines of a report, packed with gzip or not, and those that cannot be used.

    The header tells the form: ``metric`` and ``value``, or a column per metric. InvalidInput says why a file
    is no report at all.
    """
    lines = _lines(_unpack(content).decode("utf-8-sig", "surrogateescape"), delimiter)
    _, first = next(lines, (1, list[str]()))
    columns = _header(first)
    rows, faults = list[Row](), list[Fault]()
    for number, cells in lines:
        try:
            if cells != []:  # a blank line
                rows.append(_row(number, columns, cells))
        except InvalidInput as error:
            faults.append(Fault(number, error.detail))
    if not rows and not faults:
        raise InvalidInput("The report has a header and no lines.")
    return rows, faults


def _unpack(content: bytes) -> bytes:
    """Gzip is told by its first bytes: suffixes and headers are often wrong about it."""
    if not content.startswith(GZIP):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            unpacked = packed.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput("The gzip data is damaged or cut off.") from error
    if len(unpacked) > MAX_BYTES:
        raise InvalidInput(f"The file has more than {MAX_BYTES} bytes when unpacked, the most that is read.")
    return unpacked


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | InvalidInput]]:
    """Each row with the number of its first line; a fault stands for itself, and reading goes on after it."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, InvalidInput(f"This is not valid CSV: {error}.")
            continue
        fault = InvalidInput("This is not text in UTF-8.")
        yield number, fault if UNSTORABLE.search("".join(cells)) else [cell.strip() for cell in cells]


def _header(row: list[str] | InvalidInput) -> list[str]:
    if isinstance(row, InvalidInput):
        raise row
    found = {name for name in row if name}
    is_long = not found.isdisjoint(LONG)
    faults = [f"{name} is missing" for name in LONG if is_long and name not in found]
    faults += [f"{name[:MAX_TEXT]} comes twice" for name in sorted(found) if row.count(name) > 1]
    if not is_long and found.isdisjoint(KNOWN.union(ABOUT)):
        faults.append("there seems to be no header")
    elif not is_long and found <= set(ABOUT):
        faults.append("a column per metric, or metric and value, are missing")
    if faults:
        raise InvalidInput(
            f"The columns do not fit: {', '.join(faults[:20])}. Expected {' and '.join(LONG)}, or a column"
            f" per metric, such as {', '.join(evaluation.METRICS)}; and, if wanted, {', '.join(OPTIONAL)}."
            f" Found {', '.join(row)[:500] or 'nothing'}."
        )
    return row


def _row(number: int, columns: Sequence[str], row: list[str] | InvalidInput) -> Row:
    if isinstance(row, InvalidInput):
        raise row
    if len(row) != len(columns):
        raise InvalidInput(f"The line has {len(row)} cells, the header {len(columns)}.")
    # Without a name is the index column of data frames.
    cells = {name: cell for name, cell in zip(columns, row, strict=True) if name}
    at = cells.get("evaluated_at") or cells.get("finished_at")
    return Row(
        number,
        cells.get("model") or None,
        cells.get("version") or None,
        _moment(at) if at else None,
        tuple(_metrics(cells)),
    )


def _metrics(cells: Mapping[str, str]) -> Iterator[Metric]:
    if "metric" in cells:
        low, high = _number("low", cells.get("low", "")), _number("high", cells.get("high", ""))
        yield _metric(cells["metric"], "value", cells, low=low, high=high)
        return
    for name in cells:
        if name not in ABOUT:
            yield _metric(name, name, cells)


def _metric(
    name: str, column: str, cells: Mapping[str, str], *, low: float | None = None, high: float | None = None
) -> Metric:
    key = (name, cells.get("slice", ""), cells.get("bucket", ""))
    if not name:
        raise InvalidInput("metric: is empty.")
    if max(map(len, key)) > MAX_TEXT:
        raise InvalidInput(f"A metric, slice or bucket has more than {MAX_TEXT} characters.")
    value, n = _number(column, cells[column]), _count(cells.get("n", ""))
    reason = (cells.get("reason") or NOT_A_NUMBER) if value is None else None
    return Metric(*key, value=value, reason=reason, low=low, high=high, n=n, small=n < SMALL)


def _number(column: str, cell: str) -> float | None:
    """The cell's number, None for what is written where there is none, and for one beyond all bounds."""
    if cell.lower() in NO_NUMBERS:
        return None
    # float() alone takes 1_000 for a number, too.
    if not NUMBER.fullmatch(cell):
        raise InvalidInput(f"{column[:MAX_TEXT]}: {cell[:MAX_TEXT]!r} is not a number.")
    value = float(cell)
    return value if math.isfinite(value) else None


def _count(cell: str) -> int:
    """How many records; 0, which marks a group as small, where the report does not say."""
    n = _number("n", cell) or 0.0
    if not n.is_integer() or not 0 <= n <= MAX_N:
        raise InvalidInput(f"n: {cell[:MAX_TEXT]!r} is not a count of records.")
    return int(n)


def _moment(cell: str) -> datetime:
    try:
        return MOMENT.validate_python(cell)
    except ValidationError as error:
        detail = (
            f"evaluated_at: {cell[:MAX_TEXT]!r} is not a time with its offset, such as 2026-01-31T12:00Z."
        )
        raise InvalidInput(detail) from error
