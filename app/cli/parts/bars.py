"""How far a command's own work is, where that takes more than a moment: on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import typer

from app.cli.terminal import progress

LINE_EVERY = progress.LINE_EVERY


class Told(Protocol):
    """Is told how many are done, and of how many, where that is known by now."""

    def __call__(self, done: int, total: int | None = None, /) -> None: ...


@contextmanager
def bar(title: str, total: int | None = None) -> Iterator[Told]:
    """A bar with the rate and the time left on a terminal; elsewhere a line now and then."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(title, total)
        return
    columns = (BarColumn(), MofNCompleteColumn(), progress.rate_column(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}", markup=False), *columns, console=console) as drawn:
        task = drawn.add_task(title, total=total, rate=None)
        yield lambda done, of=None, /: drawn.update(task, completed=done, total=of or total)


def _lines(title: str, known: int | None) -> Told:
    began = said = time.monotonic()

    def tell(done: int, total: int | None = None, /) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said < LINE_EVERY:
            return
        said, of, rate = now, total or known, done / (now - began)
        line = f"{title}: {done:,}{f' of {of:,}' if of else ''}, {rate:,.0f} a second"
        left = f", {(of - done) / rate:,.0f} s left" if of and rate else ""
        typer.echo(f"{line}{left}.", err=True)

    return tell
