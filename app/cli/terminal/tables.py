"""Tables on standard output: drawn for people, tabs for programs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TypeAlias

import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console

TableCell: TypeAlias = str | float | int | datetime | None
GAPS = ("  ", " ")
"""Between columns; the narrow one where the wide one does not fit."""


def show(
    columns: Sequence[str],
    rows: Iterable[Sequence[TableCell]],
    *,
    groups: Sequence[str] = (),
    below: str = "",
) -> None:
    """Print rows under their headings; None is an empty cell.

    On a terminal a column without any value is left out. If the table is wider than it, the columns
    ``groups`` are said once, above the rows that they are the same for, and the column ``below`` under its
    row. Nothing is cut.
    """
    console = Console()
    if not console.is_terminal:
        for row in (columns, *rows):
            typer.echo("\t".join("" if cell is None else str(cell) for cell in row))
        return
    named = {name: list[str]() for name in columns}
    for row in rows:
        for name, cell in zip(columns, row, strict=True):
            named[name].append(_short(cell))
    filled = {name: cells for name, cells in named.items() if any(cells)}
    for line in _drawn(filled or named, console.width, groups, below):
        typer.echo(line)


def _drawn(table: dict[str, list[str]], width: int, groups: Sequence[str], below: str) -> Iterable[str]:
    for gap in GAPS:
        lines = _aligned(table, gap)
        if _fits(lines, width):
            return lines
    return _grouped(table, width, groups, below)


def _grouped(table: dict[str, list[str]], width: int, groups: Sequence[str], below: str) -> Iterator[str]:
    apart = {name: table[name] for name in groups if name in table}
    rest = {name: cells for name, cells in table.items() if name not in apart and name != below}
    wide, narrow = (_aligned(rest, gap) for gap in GAPS)
    heading, *lines = wide if _fits(wide, width - len(GAPS[0])) else narrow
    yield GAPS[0] + heading
    last = None
    for line, note, *group in zip_longest(lines, table.get(below, ()), *apart.values(), fillvalue=""):
        if apart and group != last:
            said = [f"{name} {cell}" for name, cell in zip(apart, group, strict=True) if cell]
            yield ", ".join(said) or "all records"
            last = group
        yield GAPS[0] + line
        if note:
            yield f"{2 * GAPS[0]}{below}: {note}"


def _aligned(table: dict[str, list[str]], gap: str) -> list[str]:
    """The headings and the rows, each a line."""
    widths = [max(map(cell_len, (name, *cells))) for name, cells in table.items()]
    return [
        gap.join(set_cell_size(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (list(table), *zip(*table.values(), strict=True))
    ]


def _fits(lines: Iterable[str], width: int) -> bool:
    return max(map(cell_len, lines)) <= width


def _short(cell: TableCell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else ""
    if isinstance(cell, float):
        return f"{cell:.4g}"
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    text = "" if cell is None else str(cell)
    return "".join(
        one if one.isprintable() else "?" for one in text
    )  # a slice is named by what a record holds
