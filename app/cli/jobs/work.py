"""What the commands of prediction jobs do."""

import asyncio
import shlex
from pathlib import Path

import typer
from pydantic import JsonValue, ValidationError

from app.cli.database import open_sessions, use_case
from app.cli.jobs import files
from app.cli.terminal import exits, output, progress, stages
from app.cli.terminal.hints import this_program
from app.cli.terminal.output import Format
from app.cli.terminal.workers import Workers
from app.core.errors import InvalidInput
from app.core.settings import Settings
from app.schemas.faults import faults_of
from app.schemas.jobs.jobs import PredictionJob, PredictionJobPage, PredictionJobRequest
from app.services.jobs import jobs

RESULT = ("record_id", "prediction", "computed_at", "error", "detail")
"""The columns of a table: what is not the same for all, nor as wide as half a terminal."""


def ask(request: JsonValue) -> int:
    """Queue a job; its id. InvalidInput names what does not fit."""
    try:
        wanted = PredictionJobRequest.model_validate(request)
    except ValidationError as error:
        raise InvalidInput("The job does not fit.", errors=faults_of(error)) from error

    async def queue() -> int:
        async with open_sessions() as sessions:
            return (await jobs.ask(sessions, use_case(), Settings(), wanted)).id

    return asyncio.run(queue())


def get(job_id: int) -> PredictionJob:
    """As it stands, or NotFound."""

    async def found() -> PredictionJob:
        async with open_sessions() as sessions:
            return await jobs.get(sessions, job_id)

    return asyncio.run(found())


async def page(limit: int) -> PredictionJobPage:
    """The newest."""
    async with open_sessions() as sessions:
        return await jobs.page(sessions, limit=limit, cursor=None)


def cancel(job_id: int) -> str:
    """What came of it, in a line."""

    async def end() -> PredictionJob:
        async with open_sessions() as sessions:
            return await jobs.cancel(sessions, job_id)

    return stages.of_job(asyncio.run(end())).line


def resume(job_id: int) -> None:
    """Queue what is left of it."""

    async def go_on() -> None:
        async with open_sessions() as sessions:
            await jobs.resume(sessions, job_id)

    asyncio.run(go_on())


def watch(job_id: int, output_file: Path | None, *, wait: bool) -> None:
    """Show how far it is until it ends, write its results, and say on standard error what came of it."""
    again = f"jobs show {job_id}"
    if output_file is not None:
        again = f"jobs results {job_id} --output {shlex.quote(str(output_file))}"
    job = until_ended(job_id, again, wait=wait)
    if output_file is not None:
        with progress.detachable(f"Job {job_id}", f"{this_program()} {again}"):
            asyncio.run(files.write(job_id, output_file, job.records))
    typer.echo(stages.of_job(job).line, err=True)
    exit_for(job)


def until_ended(job_id: int, again: str, *, wait: bool) -> PredictionJob:
    """Show how far it is until it ends. ``again`` is the command that comes back to it."""

    async def watched() -> PredictionJob:
        async with open_sessions() as sessions:
            return await progress.until_ended(
                lambda: jobs.get(sessions, job_id), stages.of_job, Workers(sessions, wait=wait).look
            )

    with progress.detachable(f"Job {job_id}", f"{this_program()} {again}"):
        return asyncio.run(watched())


def exit_for(job: PredictionJob) -> None:
    """Warn of what failed; end with PARTLY_FAILED where the job has ended and is not done, or much failed."""
    if stages.warn(job) or job.state in ("failed", "cancelled"):
        raise typer.Exit(exits.PARTLY_FAILED)


def print_results(job_id: int, form: Format, limit: int) -> None:
    """All of them as CSV or JSON as they come, or the first as a table."""
    if form != "table":
        asyncio.run(files.print_all(job_id, form))
        return
    lines = asyncio.run(files.first(job_id, limit + 1))
    output.show(lines[:limit], RESULT, below=("prediction", "detail"))
    if len(lines) > limit:
        typer.echo(
            f"There are more than these {limit}: --output FILE, --format csv or json have all.", err=True
        )
