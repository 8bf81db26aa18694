"""How commands print what they list or show: one option, ``--format``, for all of them.

``table`` is for people: on a terminal it is drawn, with as many digits as count and times to the second. In
a pipe it has no drawings: a line of headings and one a row, full values with tabs between them, for ``cut``
and ``awk``. ``csv`` has a header and full values. ``json`` has all that the API tells of each thing: one
array, or one object where one thing is shown. Whatever else a command has to say goes to standard error.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Generic, Literal, TypeAlias, TypeVar, cast

import typer
from pydantic import BaseModel
from pydantic_core import to_json, to_jsonable_python

from app.cli.terminal.texts import on_one_line

if TYPE_CHECKING:
    from app.cli.terminal.tables import TableCell

Format: TypeAlias = Literal["table", "csv", "json"]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print it.")]
Printed = TypeVar("Printed", bound=BaseModel | Mapping[str, object])


@dataclass(frozen=True)
class Column(Generic[Printed]):
    """A column of a table and of CSV that is made of what is shown, instead of being one of its fields."""

    name: str
    value: Callable[[Printed], object]


def show(
    rows: Sequence[Printed],
    columns: Sequence[str | Column[Printed]],
    form: Format = "table",
    *,
    groups: Sequence[str] = (),
    below: str | Sequence[str] = (),
) -> None:
    """Print things, each a row. A column is a field's name, or a Column.

    ``groups`` and ``below`` say what goes where a terminal is too narrow (``tables.drawn``).
    """
    if form == "json":
        typer.echo(to_json(rows, indent=2).decode())
        return
    cells = [[_cell(row, column) for column in columns] for row in rows]
    names = [column if isinstance(column, str) else column.name for column in columns]
    if form == "csv":
        _print_csv([names, *([_full(cell) for cell in row] for row in cells)])
    else:
        print_table(names, cells, groups=groups, below=below)


def show_one(thing: Printed, form: Format = "table", *, fields: Sequence[str | Column[Printed]] = ()) -> None:
    """Print one thing: as a table a line per field that has a value. Default: all fields."""
    columns = fields or list(thing if isinstance(thing, Mapping) else type(thing).model_fields)
    if form == "json":
        typer.echo(to_json(thing, indent=2).decode())
    elif form == "csv":
        show([thing], columns, form)
    else:
        named = [(one if isinstance(one, str) else one.name, _cell(thing, one)) for one in columns]
        print_table(("field", "value"), [(name, _full(cell)) for name, cell in named if cell is not None])


def say_more(next_cursor: str | None, limit: int) -> None:
    """On standard error, where a list ends before its end."""
    if next_cursor is not None:
        typer.echo(f"There are more than these {limit}: raise --limit.", err=True)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    groups: Sequence[str] = (),
    below: str | Sequence[str] = (),
) -> None:
    """Print a table: drawn on a terminal, with tabs elsewhere."""
    from rich.console import Console  # a third of a short command's time, which other formats go without

    from app.cli.terminal.tables import drawn

    console = Console()
    if console.is_terminal:
        cells = ([_readable(cell) for cell in row] for row in rows)
        below = (below,) if isinstance(below, str) else below
        lines = drawn(columns, cells, width=console.width, groups=groups, below=below)
    else:
        lines = ("\t".join(_one_line(cell) for cell in row) for row in (columns, *rows))
    for line in lines:
        typer.echo(line)


def _print_csv(lines: Iterable[Sequence[object]]) -> None:
    from app.schemas.values.csv_cells import csv_text

    typer.echo(csv_text(lines), nl=False)


def _cell(thing: Printed, column: str | Column[Printed]) -> object:
    if isinstance(column, Column):
        return column.value(thing)
    return thing[column] if isinstance(thing, Mapping) else cast(object, getattr(thing, column))


def _readable(cell: object) -> "TableCell":
    if cell is None or isinstance(cell, str | int | float | datetime):
        return cell
    return _full(cell)


def _full(cell: object) -> str:
    """As JSON has it, a text without its quotes; nothing is empty."""
    if cell is None:
        return ""
    plain = to_jsonable_python(cell)
    return plain if isinstance(plain, str) else to_json(plain).decode()


def _one_line(cell: object) -> str:
    return on_one_line(_full(cell))
