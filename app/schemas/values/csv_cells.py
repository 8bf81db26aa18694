"""CSV that is safe to open in a spreadsheet, and that can be read back.

A cell that begins with one of `= + - @`, a tab or a line's end is a formula to a spreadsheet, which may run a
program or send the other cells away. An apostrophe before it makes it a text (OWASP, "CSV injection").
Numbers stay numbers.
"""

import csv
import re
from collections.abc import Iterable, Sequence

FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""The beginning of a formula, in wide characters too; or of a text that would be taken for one of ours."""
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
END = "\r\n"


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """The rows as CSV with line feeds. No text in it is a formula."""
    lines = _Lines()
    csv.writer(lines, lineterminator=END).writerows([*map(harmless, row)] for row in rows)
    return "".join(lines.written)


class _Lines:
    """Takes line by line, with END; the writer quotes only what is in that, and a cell may hold either."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, line: str) -> None:
        self.written.append(line.removesuffix(END) + "\n")


def harmless(cell: object) -> object:
    """The cell, a text with an apostrophe before it where it would be a formula."""
    if isinstance(cell, str) and FORMULA.match(cell) and not NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def as_written(cell: str) -> str:
    """The cell that ``harmless`` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell
