"""``python -m app predict``."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TextIO

import typer
from pydantic import JsonValue, ValidationError

from app.cli.database import open_sessions, use_case
from app.cli.records.records import SUFFIXES
from app.cli.terminal import files, progress, stages
from app.cli.terminal.hints import this_program
from app.cli.terminal.options import WHERE, ModelOption, VersionOption, parsed
from app.core.errors import AppError, FieldError, InvalidInput
from app.core.settings import Settings
from app.db.engine import Sessions
from app.schemas.faults import faults_of
from app.schemas.jobs.jobs import Engine, PredictionJob, PredictionJobRequest
from app.schemas.predictions.predictions import Prediction
from app.schemas.records.imports import FileFormat
from app.services.jobs import jobs, results
from app.services.predictions.predictor import Answer, Ask
from app.services.runtime import open_runtime

RecordIds = Annotated[list[str] | None, typer.Argument(help="Predict these now, without a worker.")]
Everything = Annotated[bool, typer.Option("--all", help="A job: every record.")]
IdsFile = Annotated[
    typer.FileText | None,
    typer.Option(help="A job: ids, one a line; - is standard input.", encoding="utf-8-sig"),
]
JobWhere = Annotated[str | None, typer.Option(help='A job: inputs with these values, as {"carrier": "UA"}.')]
JobSince = Annotated[str | None, typer.Option(help="A job: inputs from this time on, with its offset.")]
JobUntil = Annotated[str | None, typer.Option(help="A job: inputs before this time.")]
JobTimeField = Annotated[str | None, typer.Option(help="What --since and --until go by.")]
WatchedJob = Annotated[int | None, typer.Option("--job", help="Watch this job.", min=1, max=2**63 - 1)]
EngineName = Annotated[Engine, typer.Option(help="How a job predicts.")]
StoreAs = Annotated[FileFormat | None, typer.Option(help="Have the workers write a job's results to S3.")]
OutputFile = Annotated[
    Path | None,
    typer.Option(help="Write a job's results here: .csv, else NDJSON.", dir_okay=False, writable=True),
]


def predict(
    record_ids: RecordIds = None,
    everything: Everything = False,
    ids_file: IdsFile = None,
    where: JobWhere = None,
    since: JobSince = None,
    until: JobUntil = None,
    time_field: JobTimeField = None,
    job: WatchedJob = None,
    model: ModelOption = None,
    version: VersionOption = None,
    engine: EngineName = "pipeline",
    store_as: StoreAs = None,
    output: OutputFile = None,
) -> None:
    """Predict records: a few now, or many as a job of the workers that is watched here until it ends.

    Ctrl-C leaves a job running. The exit code is 1 if a record or the job failed, or more than a
    tenth of a job's records.
    """
    chosen: dict[str, JsonValue] = {
        "all": everything or None,
        "ids": None if ids_file is None else _lines(ids_file),
        "where": None if where is None else parsed("--where", where, WHERE),
        "since": since,
        "until": until,
        "time_field": time_field,
    }
    is_chosen = any(value is not None for value in chosen.values())
    if [bool(record_ids), job is not None, is_chosen].count(True) != 1:
        raise InvalidInput("Give record ids, or --job, or options that say which records a job is about.")
    if record_ids:
        asyncio.run(_predict(record_ids, Ask(model, version)))
        return
    if job is None:
        named: dict[str, JsonValue] = {"model": model, "version": version}
        job = asyncio.run(_ask(chosen | named | {"engine": engine, "store_as": store_as})).id
    _watch(job, output)


def _lines(file: TextIO) -> list[JsonValue]:
    try:
        return [line.rstrip("\r\n") for line in file if line.strip()]
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file.name} is not text in UTF-8.") from error


async def _predict(record_ids: Sequence[str], ask: Ask) -> None:
    """Print a line of JSON per prediction; errors go to standard error, and to the exit code."""
    async with open_sessions(), open_runtime(Settings()) as runtime:
        answers = await runtime.predictor.predict_many(record_ids, ask)
    for answer in answers.values():
        if isinstance(answer, Answer):
            typer.echo(Prediction.model_validate(answer, from_attributes=True).model_dump_json())
    faults = [
        FieldError(record_id, one.detail) for record_id, one in answers.items() if isinstance(one, AppError)
    ]
    if faults:
        raise InvalidInput(f"{len(faults)} of {len(answers)} records could not be predicted.", errors=faults)


async def _ask(request: JsonValue) -> PredictionJob:
    try:
        wanted = PredictionJobRequest.model_validate(request)
    except ValidationError as error:
        raise InvalidInput("The job does not fit.", errors=faults_of(error)) from error
    async with open_sessions() as sessions:
        return await jobs.ask(sessions, use_case(), Settings(), wanted)


def _watch(job_id: int, output: Path | None) -> None:
    """Show how far a job is until it ends, then write its results. The exit code is 1 unless it is done."""
    again = f"{this_program()} predict --job {job_id}" + (f" --output {output}" if output else "")
    with progress.detachable(f"Job {job_id}", again):
        job = asyncio.run(_until_written(job_id, output))
    typer.echo(stages.of_job(job).line, err=True)
    if stages.warn(job) or job.state != "done":
        raise typer.Exit(1)


async def _until_written(job_id: int, output: Path | None) -> PredictionJob:
    async with open_sessions() as sessions:
        job = await progress.until_ended(lambda: jobs.get(sessions, job_id), stages.of_job)
        if output is not None:
            await _write(sessions, job_id, output)
        return job


async def _write(sessions: Sessions, job_id: int, output: Path) -> None:
    """The file takes its name when it is complete."""
    file_format = SUFFIXES.get(output.suffix.lower(), "ndjson")
    unfinished = output.with_name(f"{output.name}.part")
    try:
        with files.named(unfinished), unfinished.open("w", encoding="utf-8", newline="") as file:
            async for part in await results.read(sessions, job_id, file_format):
                file.write(part)
        unfinished.replace(output)
    except BaseException:
        if unfinished.is_file():
            unfinished.unlink()
        raise
