"""Tables on standard output: drawn for people, tabs for programs."""

from collections.abc import Iterable, Sequence

import typer
from rich.console import Console
from rich.table import Table

TableCell = str | float | int | None


def show(columns: Sequence[str], rows: Iterable[Sequence[TableCell]]) -> None:
    """Print rows under their headings; None is an empty cell."""
    console = Console()
    if not console.is_terminal:
        for row in (columns, *rows):
            typer.echo("\t".join("" if cell is None else str(cell) for cell in row))
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*map(_short, row))
    console.print(table, markup=False)


def _short(cell: TableCell) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return "" if cell is None else str(cell)
