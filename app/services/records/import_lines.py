"""From the bytes of a file to its records, for a bulk import: NDJSON or CSV, in UTF-8 with or without BOM."""

import csv
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from app.core import strict_json
from app.core.errors import FieldError, InvalidInput
from app.services.records.import_columns import Columns, fit
from app.services.records.import_options import NO_OPTIONS, ColumnOptions
from app.services.use_case import UseCase

MAX_LINE = 1_000_000
"""Bytes of one line, or of one CSV record that spans several."""
BATCH_LINES = 1000
BATCH_BYTES = 4_000_000


@dataclass(frozen=True)
class FileLine:
    """One record of the file, with its first line, from 1, and its last. A fault is a value: later lines
    stand."""

    number: int
    content: JsonValue | InvalidInput
    last: int

    @property
    def lines(self) -> int:
        return self.last - self.number + 1


class Reader(Protocol):
    """Turns physical lines, batch by batch, into records.

    A reader may keep lines back until it has seen more of them; ``finish`` hands those over. ``columns`` are
    those of a header that has been read.
    """

    @property
    def columns(self) -> Columns | None: ...

    def read(self, lines: list[bytes]) -> Iterable[FileLine]: ...

    def finish(self) -> Iterable[FileLine]: ...


async def batches(chunks: AsyncIterable[bytes]) -> AsyncIterator[list[bytes]]:
    """The physical lines of a stream, in batches. Of a line longer than MAX_LINE only the start is kept."""
    rest, lines, size = b"", list[bytes](), 0
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[: MAX_LINE + 1]
        lines += [line + b"\n" for line in whole]
        size += len(chunk)
        if len(lines) >= BATCH_LINES or size >= BATCH_BYTES:
            for batch in _cut(lines):
                yield batch
            lines, size = [], 0
    for batch in _cut([*lines, rest] if rest else lines):
        yield batch


def _cut(lines: list[bytes]) -> Iterator[list[bytes]]:
    return (lines[start : start + BATCH_LINES] for start in range(0, len(lines), BATCH_LINES))


class NdjsonReader:
    """One JSON object a line; blank lines are passed over."""

    columns = None

    def __init__(self) -> None:
        self._number = 0

    def read(self, lines: list[bytes]) -> Iterator[FileLine]:
        for line in lines:
            self._number += 1
            try:
                text = _decode(_of_a_length(line), self._number).strip()
                if text:
                    yield FileLine(self._number, strict_json.parse_bounded(text), self._number)
            except InvalidInput as error:
                yield FileLine(self._number, error, self._number)

    def finish(self) -> Iterable[FileLine]:
        return ()


class CsvReader:
    """A header, then one record per row. An empty cell is absent; every other is text until it is typed.

    The columns are ``id``, the fields of InputObject (those with a default may be left out) and, if there
    are truths, the label's name and ``observed_at``, or what the options name. A header that does not fit
    raises InvalidInput.
    """

    def __init__(self, use_case: UseCase, delimiter: str, options: ColumnOptions = NO_OPTIONS) -> None:
        if len(delimiter) != 1 or delimiter in '"\r\n\0':
            fault = FieldError("delimiter", "must be one character that is no quote and no line end")
            raise InvalidInput("This is no delimiter.", errors=[fault])
        self._use_case = use_case
        self._options = options
        self._delimiter = delimiter
        self.columns: Columns | None = None
        self._number = 0
        self._unfinished: list[bytes] = []
        self._no_text: NoText | None = None
        """The first fault of this kind in the row that is being read."""

    def read(self, lines: list[bytes]) -> Iterator[FileLine]:
        return self._lines([*self._unfinished, *lines], last=False)

    def finish(self) -> Iterator[FileLine]:
        yield from self._lines(self._unfinished, last=True)
        if self.columns is None:
            self._read_header([])

    def _lines(self, lines: list[bytes], *, last: bool) -> Iterator[FileLine]:
        for number, row in self._rows(lines, last=last):
            if self.columns is None:
                self.columns = self._read_header(row)
            elif isinstance(row, InvalidInput):
                yield FileLine(number, row, self._number)
            elif row:
                yield FileLine(number, self._content(self.columns, row), self._number)

    def _rows(self, lines: list[bytes], *, last: bool) -> Iterator[tuple[int, list[str] | InvalidInput]]:
        """Rows and the numbers of their first lines. One whose quoted cell is still open waits for more.

        Of a row that cannot be read every line is lost, to the end of a quoted cell around what is no text;
        the reader starts anew after it.
        """
        before = self._number
        rows = csv.reader(map(self._next_line, lines), delimiter=self._delimiter, strict=True)
        self._unfinished = []
        while (start := self._number - before) < len(lines):
            self._no_text = None
            try:
                row = next(rows)
                yield before + start + 1, self._no_text or row
            except InvalidInput as error:
                yield before + start + 1, error
            except csv.Error as error:
                if self._number - before == len(lines) and not last:
                    self._put_back(lines[start:])
                    return
                yield before + start + 1, self._no_text or self._not_csv(error, before + start + 1)

    def _not_csv(self, error: csv.Error, first: int) -> InvalidInput:
        if self._number == first:
            return InvalidInput(f"This is not valid CSV: {error}.")
        quote = f"a quote that line {first} opens takes the lines to {self._number} into one cell"
        return InvalidInput(f"This is not valid CSV: {error}; {quote}.")

    def _next_line(self, line: bytes) -> str:
        """The text of a line; of one that is none enough to find the end of its row by."""
        self._number += 1
        try:
            return _decode(_of_a_length(line), self._number)
        except NoText as error:
            self._no_text = self._no_text or error
            return line.decode(errors="replace")

    def _put_back(self, lines: list[bytes]) -> None:
        self._number -= len(lines)
        self._unfinished = lines
        if sum(map(len, lines)) > MAX_LINE:
            detail = f"The row that begins in line {self._number + 1} does not end within {MAX_LINE} bytes."
            raise InvalidInput(detail)

    def _read_header(self, row: list[str] | InvalidInput) -> Columns:
        if isinstance(row, InvalidInput):
            raise InvalidInput("The file's header cannot be read.", errors=[FieldError("line 1", row.detail)])
        return fit(row, self._use_case, self._options)

    def _content(self, columns: Columns, row: list[str]) -> JsonValue | InvalidInput:
        if len(row) != len(columns.header):
            return InvalidInput(f"The row has {len(row)} cells, the header {len(columns.header)}.")
        return columns.content(row)


class NoText(InvalidInput):
    """A line that is not in UTF-8."""


def _of_a_length(line: bytes) -> bytes:
    if len(line) > MAX_LINE:
        raise InvalidInput(f"The line is longer than {MAX_LINE} bytes.")
    return line


def _decode(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise NoText(f"Line {number} is not valid UTF-8 (byte {error.start + 1}).") from error
