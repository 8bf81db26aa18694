"""The list of all commands, which is asked for most: it is made without Typer, whose import takes longest."""

import os
import textwrap
from collections.abc import Iterator

from app.cli.program.listed import GROUPS

ABOUT = "Predictions by record id from a hosted model, cached and evaluated in Postgres."
OPTIONS = {"--version": "Print which version this is, and end.", "--help": "Print this, and end."}
END = (
    "More of one: python -m app COMMAND --help."
    " Exit codes: 0 done, 1 bad input, 3 partly failed, 4 unavailable."
)
WIDEST = 110


def listing() -> str:
    """What ``python -m app --help`` prints."""
    width = min(_width(), WIDEST)
    column = max(len(name) for group in GROUPS.values() for name in group) + 4
    return "\n".join(_lines(width, column))


def _lines(width: int, column: int) -> Iterator[str]:
    yield from textwrap.wrap("Usage: python -m app [OPTIONS] COMMAND [ARGUMENTS]...", width)
    yield ""
    yield from textwrap.wrap(ABOUT, width)
    yield from _section("Options", OPTIONS, width, column)
    for title, commands in GROUPS.items():
        said = {name: late.says for name, late in commands.items() if not late.hidden}
        yield from _section(title, said, width, column)
    yield ""
    yield from textwrap.wrap(END, width)


def _section(title: str, said: dict[str, str], width: int, column: int) -> Iterator[str]:
    yield ""
    yield f"{title}:"
    for name, text in said.items():
        first, *more = textwrap.wrap(text, max(width - column, 20))
        yield f"  {name}".ljust(column) + first
        yield from (" " * column + line for line in more)


def _width() -> int:
    """Of the terminal; of a pipe or a strange terminal 80."""
    if (given := os.environ.get("COLUMNS", "")).isdigit():
        return max(int(given), 40)
    try:
        return max(os.get_terminal_size().columns, 40)
    except OSError:
        return 80
