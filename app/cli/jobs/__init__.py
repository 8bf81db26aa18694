"""``python -m app jobs``: many predictions at once, made by the workers."""

import asyncio
from typing import Annotated

import typer

from app.cli.jobs.options import (
    EngineName,
    Everything,
    IdsFile,
    JobSince,
    JobTimeField,
    JobUntil,
    JobWhere,
    OutputFile,
    StoreAs,
    chosen_records,
)
from app.cli.terminal import output as outputs
from app.cli.terminal.options import (
    AsItStands,
    Detach,
    HowMany,
    ModelOption,
    WaitForWorker,
    WhichVersion,
    id_argument,
)
from app.cli.terminal.output import FormatOption

commands = typer.Typer(help="Prediction jobs: many records, predicted by the workers.", no_args_is_help=True)

JobArgument = Annotated[int, id_argument("Of the job, as `jobs list` has it.")]
LISTED = (
    *("id", "model", "version", "state", "records", "predicted", "hits", "failed"),
    *("records_per_second", "created_at", "finished_at", "error"),
)


@commands.command()
def start(
    everything: Everything = False,
    ids_file: IdsFile = None,
    where: JobWhere = None,
    since: JobSince = None,
    until: JobUntil = None,
    time_field: JobTimeField = None,
    model: ModelOption = None,
    version: WhichVersion = None,
    engine: EngineName = "pipeline",
    store_as: StoreAs = None,
    output: OutputFile = None,
    detach: Detach = False,
    wait: WaitForWorker = False,
) -> None:
    """Have the workers predict many records, and watch until they have.

    Ctrl-C leaves the job running. The exit code is 3 unless it is done, and if more than a tenth of its
    records failed; 4 if no worker is alive.
    """
    from app.cli.jobs import work

    records = chosen_records(
        everything=everything, ids_file=ids_file, where=where, since=since, until=until, time_field=time_field
    )
    job_id = work.ask(records | {"model": model, "version": version, "engine": engine, "store_as": store_as})
    if detach:
        typer.echo(job_id)
    else:
        work.watch(job_id, output, wait=wait)


@commands.command("list")
def list_jobs(limit: HowMany = 20, form: FormatOption = "table") -> None:
    """The jobs, the newest first, and how far each is."""
    from app.cli.jobs import work

    page = asyncio.run(work.page(limit))
    outputs.show(page.items, LISTED, form, below=("error",))
    outputs.say_more(page.next_cursor, limit)


@commands.command()
def show(
    job_id: JobArgument, now: AsItStands = False, wait: WaitForWorker = False, form: FormatOption = "table"
) -> None:
    """One job; of one that is under way the end is waited for, unless it is to be shown as it stands now."""
    from app.cli.jobs import work

    job = work.get(job_id) if now else work.until_ended(job_id, f"jobs show {job_id}", wait=wait)
    outputs.show_one(job, form)
    work.exit_for(job)


@commands.command()
def cancel(job_id: JobArgument) -> None:
    """End a job that is queued or under way. What it has predicted is kept; `jobs resume` goes on with it."""
    from app.cli.jobs import work

    typer.echo(work.cancel(job_id))


@commands.command()
def resume(
    job_id: JobArgument, output: OutputFile = None, detach: Detach = False, wait: WaitForWorker = False
) -> None:
    """Go on with a cancelled or failed job: what it has predicted is not predicted again."""
    from app.cli.jobs import work

    work.resume(job_id)
    if detach:
        typer.echo(job_id)
    else:
        work.watch(job_id, output, wait=wait)


@commands.command()
def results(
    job_id: JobArgument,
    output: OutputFile = None,
    wait: WaitForWorker = False,
    form: FormatOption = "table",
    limit: Annotated[
        int, typer.Option(metavar="N", help="How many a table has. CSV, JSON and a file have all.", min=1)
    ] = 100,
) -> None:
    """What each record of a job was predicted, or why not; the end of one under way is waited for."""
    from app.cli.jobs import work

    if output is not None:
        work.watch(job_id, output, wait=wait)
        return
    job = work.until_ended(job_id, f"jobs results {job_id}", wait=wait)
    work.print_results(job_id, form, limit)
    work.exit_for(job)
