"""How far prediction jobs and evaluation runs are, in words and numbers."""

import typer

from app.cli.terminal.progress import Stage
from app.db.tables import UNDER_WAY
from app.schemas.evaluations.runs import Run
from app.schemas.jobs.jobs import PredictionJob


def of_job(job: PredictionJob) -> Stage:
    waits = job.state == "queued"
    return Stage(
        name=f"Job {job.id}",
        title=f"Job {job.id} waits for a worker" if waits else f"Job {job.id} is {job.state}",
        line=_line(job),
        finished=job.predicted + job.failed,
        total=job.records,
        under_way=job.state in UNDER_WAY,
        rate=job.records_per_second,
    )


def _line(job: PredictionJob) -> str:
    parts = [
        f"Job {job.id} is {job.state}: {job.predicted:,} of {job.records:,} records predicted",
        f"{job.hits:,} of them before",
        f"{job.failed:,} failed{left_out(job)}",
        f"{job.records_per_second:,.0f} a second" if job.records_per_second else "",
        f"{job.seconds_left:,.0f} s left" if job.seconds_left is not None else "",
    ]
    return f"{', '.join(filter(None, parts))}.{f' {job.error}' if job.error else ''}"


def of_evaluation(run: Run) -> Stage:
    finished, total = run.predicted + run.failed, run.labelled if run.kind == "quality" else run.records
    name = f"Evaluation {run.id}"
    title = f"{name} is {run.state}"
    if run.state == "queued":
        title = f"{name} waits for a worker"
    if run.state == "running" and 0 < total == finished:
        title = f"{name} is computing metrics"
    line = f"{title}: {finished:,} of {total:,} records, {run.failed:,} failed{left_out(run)}."
    return Stage(name, title, line, finished, total, under_way=run.state in UNDER_WAY)


def left_out(counted: Run | PredictionJob) -> str:
    """Which records it does not look at, after a comma; empty if there are none."""
    parts = [
        f"{counted.without_time:,} left out without a time" if counted.without_time else "",
        f"{counted.unfit:,} left out for lack of required fields" if counted.unfit else "",
    ]
    return "".join(f", {part}" for part in parts if part)


def warn(counted: Run | PredictionJob) -> bool:
    """Say on standard error that too much of it failed; whether it did."""
    if counted.warning is not None:
        typer.echo(f"Warning: {counted.warning}", err=True)
    return counted.warning is not None
