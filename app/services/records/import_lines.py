"""From the bytes of a file to its records, for a bulk import: NDJSON or CSV, in UTF-8 with or without BOM."""

import csv
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from app.core import strict_json
from app.core.errors import FieldError, InvalidInput
from app.services.use_case import UseCase

MAX_LINE = 1_000_000
"""Bytes of one line, or of one CSV record that spans several."""
BATCH_LINES = 1000
BATCH_BYTES = 4_000_000


@dataclass(frozen=True)
class FileLine:
    """One record of the file; ``number`` is its first line, from 1. A fault is a value: later lines stand."""

    number: int
    content: JsonValue | InvalidInput


class Reader(Protocol):
    """Turns physical lines, batch by batch, into records; ``label_field`` is what the file calls the label.

    A reader may keep lines back until it has seen more of them; ``finish`` hands those over.
    """

    @property
    def label_field(self) -> str: ...

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

    label_field = "label"

    def __init__(self) -> None:
        self._number = 0

    def read(self, lines: list[bytes]) -> Iterator[FileLine]:
        for line in lines:
            self._number += 1
            try:
                text = _decode(line, self._number).strip()
                if text:
                    yield FileLine(self._number, strict_json.parse(text))
            except InvalidInput as error:
                yield FileLine(self._number, error)

    def finish(self) -> Iterable[FileLine]:
        return ()


class CsvReader:
    """A header, then one record per row. An empty cell is absent; every other is text until it is typed.

    The columns are ``id``, the fields of InputObject (those with a default may be left out) and, if there
    are truths, the label's name and ``observed_at``. A header that does not fit raises InvalidInput.
    """

    def __init__(self, use_case: UseCase, delimiter: str) -> None:
        if len(delimiter) != 1 or delimiter in '"\r\n\0':
            fault = FieldError("delimiter", "must be one character that is no quote and no line end")
            raise InvalidInput("This is no delimiter.", errors=[fault])
        self.label_field = use_case.label
        self._delimiter = delimiter
        self._header: list[str] | None = None
        self._inputs = _input_fields(use_case)
        self._number = 0
        self._unfinished: list[bytes] = []

    def read(self, lines: list[bytes]) -> Iterator[FileLine]:
        return self._lines([*self._unfinished, *lines], last=False)

    def finish(self) -> Iterator[FileLine]:
        yield from self._lines(self._unfinished, last=True)
        if self._header is None:
            self._read_header([])

    def _lines(self, lines: list[bytes], *, last: bool) -> Iterator[FileLine]:
        for number, row in self._rows(lines, last=last):
            if self._header is None:
                self._header = self._read_header(row)
            elif isinstance(row, InvalidInput):
                yield FileLine(number, row)
            elif row:
                yield FileLine(number, self._content(self._header, row))

    def _rows(self, lines: list[bytes], *, last: bool) -> Iterator[tuple[int, list[str] | InvalidInput]]:
        """Rows and the numbers of their first lines. One whose quoted cell is still open waits for more.

        A line that cannot be read stands for itself; the reader starts anew after it.
        """
        before = self._number
        rows = csv.reader(map(self._next_line, lines), delimiter=self._delimiter, strict=True)
        self._unfinished = []
        while (start := self._number - before) < len(lines):
            try:
                yield before + start + 1, next(rows)
            except InvalidInput as error:
                yield self._number, error
            except csv.Error as error:
                if self._number - before == len(lines) and not last:
                    self._put_back(lines[start:])
                    return
                yield before + start + 1, InvalidInput(f"This is not valid CSV: {error}.")

    def _next_line(self, line: bytes) -> str:
        self._number += 1
        return _decode(line, self._number)

    def _put_back(self, lines: list[bytes]) -> None:
        self._number -= len(lines)
        self._unfinished = lines
        if sum(map(len, lines)) > MAX_LINE:
            detail = f"The row that begins in line {self._number + 1} does not end within {MAX_LINE} bytes."
            raise InvalidInput(detail)

    def _read_header(self, row: list[str] | InvalidInput) -> list[str]:
        if isinstance(row, InvalidInput):
            raise InvalidInput("The file's header cannot be read.", errors=[FieldError("line 1", row.detail)])
        required = ["id", *(name for name, needed in self._inputs.items() if needed)]
        optional = [
            *(name for name, needed in self._inputs.items() if not needed),
            self.label_field,
            "observed_at",
        ]
        faults = [
            *(f"{name} is missing" for name in required if name not in row),
            *(f"{name!r} is unknown" for name in row if name not in required and name not in optional),
            *(f"{name} comes twice" for name in required + optional if row.count(name) > 1),
        ]
        if faults:
            expected = f"Expected {', '.join(required)} and, if wanted, {', '.join(optional)}"
            found = ", ".join(row)[:500] or "nothing"
            raise InvalidInput(
                f"The columns that line 1 names do not fit. {expected}; found {found}.",
                errors=[FieldError("line 1", fault[:200]) for fault in faults[:100]],
            )
        return row

    def _content(self, header: list[str], row: list[str]) -> JsonValue | InvalidInput:
        if len(row) != len(header):
            return InvalidInput(f"The row has {len(row)} cells, the header {len(header)}.")
        cells = {name: cell for name, cell in zip(header, row, strict=True) if cell != ""}
        return {
            "id": cells.get("id", ""),
            "input": {name: cell for name, cell in cells.items() if name in self._inputs},
            "label": cells.get(self.label_field),
            "observed_at": cells.get("observed_at"),
        }


def _input_fields(use_case: UseCase) -> dict[str, bool]:
    """The names that fields have in a file, and whether each is required."""
    return {
        field.alias or name: field.is_required() for name, field in use_case.input_type.model_fields.items()
    }


def _decode(line: bytes, number: int) -> str:
    if len(line) > MAX_LINE:
        raise InvalidInput(f"The line is longer than {MAX_LINE} bytes.")
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The line is not valid UTF-8 (byte {error.start + 1}).") from error
