"""The lines of a CSV report, whoever wrote it: unpacked, decoded, split into cells, under a header."""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.core.errors import InvalidInput
from app.schemas.values.csv_cells import NUMBER, as_written

MAX_BYTES = 10_000_000
"""Largest report that is read, packed or unpacked."""
MAX_TEXT = 200
"""Longest name of a metric, slice, bucket, model or version, in characters."""

GZIP = b"\x1f\x8b"
LONG = ("metric", "value")
OPTIONAL = ("model", "version", "slice", "bucket", "n", "evaluated_at")
ABOUT = (*OPTIONAL, "finished_at")
"""Columns of the wide form that are no metrics; our own reports say finished_at."""

NO_NUMBERS = {"", "na", "n/a", "nan", "null", "none", "inf", "+inf", "-inf", "infinity", "-infinity"}
"""What is written, in small letters, where there is no number."""
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""NUL, which Postgres refuses, and what stands for bytes that are not UTF-8."""


@dataclass(frozen=True)
class Fault:
    """Why lines cannot be used, or a cell of one: the first line, and how many."""

    line: int
    reason: str
    lines: int = 1


@dataclass(frozen=True)
class ReportLine:
    """The cells of one row of the file, which begins at ``number``."""

    number: int
    cells: list[str]


def lines_of(content: bytes, delimiter: str) -> tuple[list[str], Iterator[ReportLine | Fault]]:
    """The columns, and the lines below that are not blank, of a file that may be packed with gzip.

    The columns of ours are in small letters. InvalidInput says why the file as a whole cannot be used.
    """
    lines = _split(_unpack(content).decode("utf-8-sig", "surrogateescape"), delimiter)
    first = next(lines, ReportLine(1, []))
    if isinstance(first, Fault):
        raise InvalidInput(f"The header cannot be read. {first.reason}")
    return _header(first.cells), lines


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


def _split(text: str, delimiter: str) -> Iterator[ReportLine | Fault]:
    """A fault stands for itself, and reading goes on after it."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = [as_written(cell.strip()) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            yield _broken(number, reader.line_num, error)
            continue
        if UNSTORABLE.search("".join(cells)):
            yield Fault(number, "This is not text in UTF-8, or holds a NUL.")
        elif any(cells):
            yield ReportLine(number, cells)


def _broken(first: int, last: int, error: csv.Error) -> Fault:
    # A quote that is not closed takes the lines up to the next one with it.
    reach = f" It goes on to line {last}: is a quote not closed?" if last > first else ""
    return Fault(first, f"This is not valid CSV: {error}.{reach}", last - first + 1)


def _header(cells: list[str]) -> list[str]:
    columns = [name.lower() if name.lower() in (*LONG, *ABOUT) else name for name in cells]
    if faults := list(_column_faults(columns)):
        raise InvalidInput(
            f"The columns do not fit: {', '.join(faults[:20])}. Expected {' and '.join(LONG)}, or a column"
            f" per metric, such as mae or accuracy; and, if wanted, {', '.join(OPTIONAL)}."
            f" Found {', '.join(cells)[:500] or 'nothing'}."
        )
    return columns


def _column_faults(columns: Sequence[str]) -> Iterator[str]:
    count = Counter(name for name in columns if name)
    yield from (f"{name[:MAX_TEXT]} comes twice" for name in count if count[name] > 1)
    yield from (
        f"{name[:MAX_TEXT]}... has more than {MAX_TEXT} characters" for name in count if len(name) > MAX_TEXT
    )
    if not count.keys().isdisjoint(LONG):
        yield from (f"{name} is missing" for name in LONG if name not in count)
    elif count.keys().isdisjoint(ABOUT) and (not count or any(map(_is_value, count))):
        yield "there seems to be no header"
    elif len(columns) == 1 and re.search(r"[,;|\t]", columns[0]):
        yield "there seems to be another delimiter"
    elif count.keys() <= set(ABOUT):
        yield "there is no metric"


def _is_value(cell: str) -> bool:
    return cell.lower() in NO_NUMBERS or NUMBER.fullmatch(cell) is not None
