"""The rows of a CSV, for a bulk import, in UTF-8 with or without BOM."""

import csv
from collections.abc import Iterator, Sequence
from typing import cast

from pydantic import JsonValue

from app.core.errors import FieldError, InvalidInput
from app.schemas.values.plain import plain_cells
from app.schemas.values.plain_columns import plain_columns
from app.services.records.import_columns import Columns, fit
from app.services.records.import_lines import MAX_LINE, FileLine, LineBatch, NoText, decode, of_a_length
from app.services.records.import_options import NO_OPTIONS, ColumnOptions
from app.services.records.import_plainly import Given, Plainly
from app.services.use_case import UseCase


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
        self._plainly = Plainly(use_case, plain_cells)
        self._inputs = plain_columns(use_case.input_type)
        self._options = options
        self._delimiter = delimiter
        self.columns: Columns | None = None
        self._number = 0
        self._unfinished: list[bytes] = []
        self._no_text: NoText | None = None
        """The first fault of this kind in the row that is being read."""

    def read(self, lines: list[bytes]) -> Iterator[FileLine]:
        return self._lines([*self._unfinished, *lines], last=False)

    def batch(self, lines: list[bytes]) -> LineBatch:
        if self.columns is None:
            [*_] = self.read(lines[:1])
            lines = lines[1:]
        columns, rows = self.columns, None if self._unfinished else _plain_rows(lines, self._delimiter)
        if columns is None or rows is None:
            return LineBatch((), 0, self.read(lines))
        begin = [self._number + 1 + before for before in (0, *(last for _, last in rows))]
        self._number += len(lines)
        cells = [row for row, _ in rows]
        frames = self._plainly.frames(self._given(columns, begin[:-1], cells))
        if None not in frames:
            return LineBatch(cast(list[bytes], frames), len(lines), ())
        both = [*zip(frames, cells, begin, begin[1:], strict=False)]
        return LineBatch(
            [frame for frame in frames if frame is not None],
            sum(after - first for frame, _, first, after in both if frame is not None),
            [
                FileLine(first, _content(columns, row), after - 1)
                for frame, row, first, after in both
                if frame is None and row
            ],
        )

    def _given(self, columns: Columns, lines: Sequence[int], rows: Sequence[list[str]]) -> Given:
        """Nothing of a row that is too long or too short."""
        width = len(columns.header)
        whole = [row if len(row) == width else [""] * width for row in rows]
        cells = [*zip(*whole, strict=True)] or [()] * width
        inputs = {name: cells[place] for name, place in columns.inputs.items()}
        return Given(
            lines,
            cells[columns.id],
            self._inputs.texts(inputs, len(rows)) if self._inputs else [None] * len(rows),
            _cells(cells, columns.label, len(rows)),
            _cells(cells, columns.observed_at, len(rows)),
        )

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
                yield FileLine(number, _content(self.columns, row), self._number)

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
            return decode(of_a_length(line), self._number)
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


def _plain_rows(lines: list[bytes], delimiter: str) -> Sequence[tuple[list[str], int]] | None:
    """The rows of lines that are text and CSV, each with its last line, from 1; None where any is not, or
    goes on beyond them."""
    if max(map(len, lines), default=0) > MAX_LINE:
        return None
    reader = csv.reader(map(bytes.decode, lines), delimiter=delimiter, strict=True)
    try:
        return [(row, reader.line_num) for row in reader]
    except (csv.Error, UnicodeDecodeError):
        return None


def _cells(cells: Sequence[Sequence[str]], place: int | None, rows: int) -> Sequence[str | None]:
    return [None] * rows if place is None else [cell or None for cell in cells[place]]


def _content(columns: Columns, row: list[str]) -> JsonValue | InvalidInput:
    if len(row) != len(columns.header):
        return InvalidInput(f"The row has {len(row)} cells, the header {len(columns.header)}.")
    return columns.content(row)
