"""Watching what the workers do, from a terminal or from a script."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import typer

from app.cli.terminal import exits
from app.cli.terminal.patience import patiently

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

PAUSE = 0.25
"""Seconds between two looks."""
LINE_EVERY = 10.0
"""Seconds between two lines about the same state, where there is no terminal."""
SHORT = 1.0
"""Seconds that work may take of which nothing is shown."""
PATIENCE = 60.0
"""Seconds that the database may be away meanwhile."""

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """How far something is: ``title`` changes with its state, ``line`` tells all of it.

    ``name`` is what it is called at the beginning of a sentence. ``rate`` is in records a second; None: what
    is seen of it here.
    """

    name: str
    title: str
    line: str
    finished: int
    total: int
    under_way: bool
    rate: float | None = None


Show: TypeAlias = Callable[[Stage], None]
SecondLook: TypeAlias = Callable[[Stage], Awaitable[Stage]]
"""Gives the stage as it is to be shown, or raises what ends the wait."""


@contextmanager
def detachable(what: str, again: str) -> Iterator[None]:
    """Ctrl-C leaves what is watched here running, tells how to come back to it, and exits."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"{what} goes on without you. To see more of it: {again}", err=True)
        raise typer.Exit(exits.LEFT) from None


async def _as_it_is(stage: Stage) -> Stage:
    return stage


async def until_ended(
    look: Callable[[], Awaitable[T]], stage_of: Callable[[T], Stage], second_look: SecondLook = _as_it_is
) -> T:
    """SecondLook again and again, and show how far it is until it ends. What came of it, the caller says."""
    found = await look()
    if not stage_of(found).under_way:
        return found
    with _shown() as show:
        show(stage_of(found))
        while stage_of(found).under_way:
            await asyncio.sleep(PAUSE)
            found = await patiently(look, time.monotonic() + PATIENCE)
            stage = stage_of(found)
            show(await second_look(stage) if stage.under_way else stage)
    return found


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Takes how many are done, and shows it with the rate and the time left once it has taken a moment."""
    began = time.monotonic()
    with ExitStack() as stack:
        show: Show | None = None

        def count(done: int) -> None:
            nonlocal show
            if (seconds := time.monotonic() - began) < SHORT:
                return
            show = show or stack.enter_context(_shown())
            rate = done / seconds
            left = f", {(total - done) / rate:,.0f} s left" if 0 < done < total else ""
            line = f"{what}: {done:,} of {total:,}, {rate:,.0f} a second{left}."
            show(Stage(what, what, line, done, total, under_way=done < total, rate=rate))

        yield count


@contextmanager
def _shown() -> Iterator[Show]:
    """A bar on standard error if that is a terminal, else a line now and then."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (BarColumn(), MofNCompleteColumn(), rate_column(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}", markup=False), *columns, console=console) as progress:
        task = progress.add_task("", total=None, rate=None)
        yield lambda stage: progress.update(
            task,
            description=stage.title,
            completed=stage.finished,
            total=stage.total or None,  # nobody has counted yet
            rate=stage.rate,
        )


def rate_column() -> "ProgressColumn":
    """Records a second, once there are some."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class PaceColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            rate = task.fields["rate"] or task.speed
            return Text(f"{rate:,.0f} a second" if rate else "")

    return PaceColumn()


def _lines() -> Show:
    """The first state, each new one, and within one what is new now and then; not the end."""
    title, line, said = "", "", 0.0

    def show(stage: Stage) -> None:
        nonlocal title, line, said
        due = stage.title != title or time.monotonic() - said >= LINE_EVERY
        if stage.under_way and stage.line != line and due:
            typer.echo(stage.line, err=True)
            title, line, said = stage.title, stage.line, time.monotonic()

    return show
