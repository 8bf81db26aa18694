"""Tables drawn for people on a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size

from app.cli.terminal.texts import in_digits, on_one_line

TableCell: TypeAlias = str | float | int | datetime | None
Table: TypeAlias = dict[str, list[str]]
GAPS = ("  ", " ")
"""Between columns where there is no room for lines; the narrow one where the wide one does not fit."""


def drawn(
    columns: Sequence[str],
    rows: Iterable[Sequence[TableCell]],
    *,
    width: int,
    groups: Sequence[str] = (),
    below: Sequence[str] = (),
) -> Iterable[str]:
    """The lines of a table; None is an empty cell, and a column without any value is left out.

    It has round corners where ``width`` has room for lines, and else only columns. If it is wider than that,
    the columns ``groups`` are said once, above the rows that they are the same for, and the columns ``below``
    under their row. Nothing is cut.
    """
    cells = {name: list[TableCell]() for name in columns}
    for row in rows:
        for name, cell in zip(columns, row, strict=True):
            cells[name].append(cell)
    texts = {name: _texts(name, column) for name, column in cells.items()}
    filled = {name: column for name, column in texts.items() if any(column)} or texts
    numeric = {name for name, column in cells.items() if _is_numeric(column)}
    return _laid_out(filled, numeric, width, groups, below)


def _laid_out(
    table: Table, numeric: set[str], width: int, groups: Sequence[str], below: Sequence[str]
) -> Iterable[str]:
    lines = _rounded(_padded(table, numeric))
    if _fits(lines, width):
        return lines
    for gap in GAPS:
        lines = _aligned(_padded(table, numeric), gap)
        if _fits(lines, width):
            return lines
    return _grouped(table, numeric, width, groups, below)


def _grouped(
    table: Table, numeric: set[str], width: int, groups: Sequence[str], below: Sequence[str]
) -> Iterator[str]:
    apart = {name: table[name] for name in groups if name in table}
    rest = {name: cells for name, cells in table.items() if name not in apart and name not in below}
    wide, narrow = (_aligned(_padded(rest, numeric), gap) for gap in GAPS)
    heading, *lines = wide if _fits(wide, width - len(GAPS[0])) else narrow
    yield GAPS[0] + heading
    last: tuple[str, ...] | None = None
    notes = _notes({name: table[name] for name in below if name in table}, len(lines))
    named = list(zip(*apart.values(), strict=True)) or [()] * len(lines)
    for line, said_below, group in zip(lines, notes, named, strict=True):
        if apart and group != last:
            said = [f"{name} {cell.strip()}" for name, cell in zip(apart, group, strict=True) if cell]
            yield ", ".join(said) or "all records"
            last = group
        yield GAPS[0] + line
        yield from said_below


def _notes(columns: Table, rows: int) -> list[list[str]]:
    """The lines below each row."""
    return [
        [f"{2 * GAPS[0]}{name}: {cells[row].strip()}" for name, cells in columns.items() if cells[row]]
        for row in range(rows)
    ]


def _padded(table: Table, numeric: set[str]) -> list[list[str]]:
    """The lines' cells, each as wide as its column, the headings first; numbers stand to the right."""
    widths = {name: max(map(cell_len, (name, *cells))) for name, cells in table.items()}
    columns = [
        [_to_width(cell, widths[name], right=name in numeric) for cell in (name, *cells)]
        for name, cells in table.items()
    ]
    return [list(line) for line in zip(*columns, strict=True)]


def _to_width(cell: str, width: int, *, right: bool) -> str:
    return " " * (width - cell_len(cell)) + cell if right else set_cell_size(cell, width)


def _aligned(lines: list[list[str]], gap: str) -> list[str]:
    return [gap.join(line).rstrip() for line in lines]


def _rounded(lines: list[list[str]]) -> list[str]:
    heading, *rows = [f"│ {' │ '.join(line)} │" for line in lines]
    rules = ["─" * (cell_len(cell) + 2) for cell in lines[0]]
    top, middle, bottom = (
        f"{left}{between.join(rules)}{right}" for left, between, right in ("╭┬╮", "├┼┤", "╰┴╯")
    )
    return [top, heading, middle, *rows, bottom] if rows else [top, heading, bottom]


def _fits(lines: Iterable[str], width: int) -> bool:
    return max(map(cell_len, lines)) <= width


def _is_numeric(cells: Iterable[TableCell]) -> bool:
    given = [cell for cell in cells if cell is not None]
    return bool(given) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in given)


def _texts(name: str, cells: Sequence[TableCell]) -> list[str]:
    if _is_numeric(cells):
        return in_digits(
            [one if isinstance(one, int | float) else None for one in cells], is_name=_names(name)
        )
    return [_short(cell) for cell in cells]


def _names(column: str) -> bool:
    """Whether its numbers are names, which have no thousands."""
    return column == "id" or column.endswith("_id")


def _short(cell: TableCell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else ""
    if isinstance(cell, float):
        return in_digits([cell])[0]
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    return on_one_line("" if cell is None else str(cell))
