"""Watching an evaluation run from a terminal, or from a script."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from app.cli.database import open_sessions
from app.cli.terminal.job_progress import DETACHED, PATIENCE
from app.cli.terminal.patience import patiently
from app.db.engine import Sessions
from app.db.tables import UNDER_WAY
from app.schemas.evaluations.runs import Evaluation, Run
from app.services.evaluations import runs

PAUSE = 0.2
"""Seconds between two looks at a run."""

Show: TypeAlias = Callable[[Run], None]


def watch(evaluation_id: int) -> Evaluation:
    """Show how far a run is until it ends; Ctrl-C leaves it running, and exits."""
    try:
        return asyncio.run(_watch(evaluation_id))
    except KeyboardInterrupt:
        again = f"python -m app evaluate show {evaluation_id}"
        typer.echo(f"The evaluation {evaluation_id} goes on without you. To see it: {again}", err=True)
        raise typer.Exit(DETACHED) from None


async def _watch(evaluation_id: int) -> Evaluation:
    async with open_sessions() as sessions:
        run = await runs.get(sessions, evaluation_id)
        with _shown() as show:
            show(run)
            while run.state in UNDER_WAY:
                await asyncio.sleep(PAUSE)
                run = await _look(sessions, evaluation_id)
                show(run)
        return run


async def _look(sessions: Sessions, evaluation_id: int) -> Evaluation:
    deadline = time.monotonic() + PATIENCE
    return await patiently(lambda: runs.get(sessions, evaluation_id), deadline)


@contextmanager
def _shown() -> Iterator[Show]:
    """A bar on standard error if that is a terminal, else a line whenever there is news."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _news()
        return
    columns = (BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=console) as progress:
        task = progress.add_task("", total=None)
        yield lambda run: progress.update(
            task, description=in_words(run), total=_all(run) or None, completed=_finished(run)
        )


class _Rate(ProgressColumn):
    """Records a second, once there are some."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} a second" if task.speed else "")


def _news() -> Show:
    said = ""

    def show(run: Run) -> None:
        nonlocal said
        now = f"{in_words(run)}: {_finished(run):,} of {_all(run):,} records"
        if now != said:
            typer.echo(now, err=True)
        said = now

    return show


def in_words(run: Run) -> str:
    """The run's state in a few words."""
    if run.state == "queued":
        return f"Evaluation {run.id} waits for a worker"
    if run.state == "running" and 0 < _all(run) == _finished(run):
        return f"Evaluation {run.id} is computing metrics"
    return f"Evaluation {run.id} is {run.state}"


def _finished(run: Run) -> int:
    return run.predicted + run.failed


def _all(run: Run) -> int:
    return run.records if run.kind == "drift" else run.labelled
