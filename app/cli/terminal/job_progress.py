"""Watching a prediction job from a terminal, or from a script."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.database import open_sessions
from app.cli.records import SUFFIXES
from app.cli.terminal.patience import patiently
from app.db.engine import Sessions
from app.db.tables import UNDER_WAY
from app.schemas.jobs.jobs import PredictionJob
from app.services.jobs import jobs, results

PAUSE = 0.5
"""Seconds between two looks at a job."""
LINE_EVERY = 10.0
"""Seconds between two lines, where there is no terminal."""
PATIENCE = 60.0
"""Seconds that the database may be away while a job is watched."""
DETACHED = 130
"""The exit code after Ctrl-C, as shells have it."""

Show: TypeAlias = Callable[[PredictionJob], None]


def watch(job_id: int, output: Path | None) -> None:
    """Show how far a job is until it ends, then write its results. The exit code is 1 unless it is done."""
    again = f"python -m app predict --job {job_id}" + (f" --output {output}" if output else "")
    try:
        job = asyncio.run(_watch(job_id, output))
    except KeyboardInterrupt:
        typer.echo(f"Job {job_id} goes on without you. To see more of it: {again}", err=True)
        raise typer.Exit(DETACHED) from None
    typer.echo(_in_words(job), err=True)
    if job.state != "done":
        raise typer.Exit(1)


async def _watch(job_id: int, output: Path | None) -> PredictionJob:
    async with open_sessions() as sessions:
        job = await _until_ended(sessions, job_id)
        if output is not None:
            await _write(sessions, job_id, output)
        return job


async def _until_ended(sessions: Sessions, job_id: int) -> PredictionJob:
    job = await jobs.get(sessions, job_id)
    if job.state not in UNDER_WAY:
        return job
    with _shown(job) as show:
        while job.state in UNDER_WAY:
            await asyncio.sleep(PAUSE)
            deadline = time.monotonic() + PATIENCE
            job = await patiently(lambda: jobs.get(sessions, job_id), deadline)
            show(job)
    return job


@contextmanager
def _shown(job: PredictionJob) -> Iterator[Show]:
    """A bar on standard error if that is a terminal, else a line now and then."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines_now_and_then(job)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=console) as progress:
        task = progress.add_task(_title(job), total=job.records, completed=_finished(job), rate=_rate(job))
        yield lambda now: progress.update(
            task, description=_title(now), completed=_finished(now), rate=_rate(now)
        )


def _lines_now_and_then(job: PredictionJob) -> Show:
    typer.echo(_in_words(job), err=True)
    said = time.monotonic()

    def show(now: PredictionJob) -> None:
        nonlocal said
        if time.monotonic() - said >= LINE_EVERY:
            typer.echo(_in_words(now), err=True)
            said = time.monotonic()

    return show


def _title(job: PredictionJob) -> str:
    return f"Job {job.id} waits for a worker" if job.state == "queued" else f"Job {job.id}"


def _finished(job: PredictionJob) -> int:
    return job.predicted + job.failed


def _rate(job: PredictionJob) -> str:
    return f"{job.records_per_second:,.0f} a second" if job.records_per_second else ""


def _in_words(job: PredictionJob) -> str:
    parts = [
        f"Job {job.id} is {job.state}: {job.predicted:,} of {job.records:,} records predicted",
        f"{job.hits:,} of them before",
        f"{job.failed:,} failed",
        _rate(job),
        f"{job.seconds_left:,.0f} s left" if job.seconds_left is not None else "",
    ]
    return f"{', '.join(filter(None, parts))}.{f' {job.error}' if job.error else ''}"


async def _write(sessions: Sessions, job_id: int, output: Path) -> None:
    """The file takes its name when it is complete."""
    file_format = SUFFIXES.get(output.suffix.lower(), "ndjson")
    unfinished = output.with_name(f"{output.name}.part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        async for part in await results.read(sessions, job_id, file_format):
            file.write(part)
    unfinished.replace(output)
