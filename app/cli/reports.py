"""``python -m app evaluate import`` and ``report``."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from app.cli.database import open_sessions, use_case
from app.cli.parts.storage import configured_storage
from app.cli.terminal import exits, output
from app.cli.terminal.options import id_argument
from app.cli.terminal.output import FormatOption
from app.core.errors import InvalidInput
from app.core.settings import Settings

if TYPE_CHECKING:
    from app.schemas.reports import ImportedReports, ReportImport
    from app.storage import Storage


def import_reports(
    prefix: Annotated[str, typer.Argument(help="A folder in the storage, below STORAGE_URL.")],
    delimiter: Annotated[str, typer.Option(help="Between the cells; in a shell $'\\t' is a tab.")] = ",",
    model: Annotated[str | None, typer.Option(help="Where the lines name none; default the key's.")] = None,
    version: Annotated[str | None, typer.Option(help="Where the lines name none; default the key's.")] = None,
    newest: Annotated[int | None, typer.Option(help="How many of the newest files; default all.")] = None,
    form: FormatOption = "table",
) -> None:
    """Bring in CSV reports of other jobs. What cannot be used is listed, the rest goes in.

    The exit code is 3 if a file cannot be used at all.
    """
    from app.schemas.faults import faults_of
    from app.schemas.reports import ReportImport

    try:
        wanted = ReportImport(prefix=prefix, delimiter=delimiter, model=model, version=version, newest=newest)
    except ValidationError as error:
        raise InvalidInput("The import does not fit.", errors=faults_of(error)) from error
    result = asyncio.run(_import(configured_storage(Settings()), wanted))
    if form == "table":
        typer.echo(_in_words(result))
    else:
        output.show_one(result, form)
    if result.refused:
        raise typer.Exit(exits.PARTLY_FAILED)


def report(evaluation_id: Annotated[int, id_argument("Of the run.")]) -> None:
    """Write the CSV report of a finished run, for one whose upload failed; prints its key."""
    typer.echo(asyncio.run(_save(configured_storage(Settings()), evaluation_id)))


async def _import(storage: "Storage", wanted: "ReportImport") -> "ImportedReports":
    from app.services.reports import importing

    async with open_sessions() as sessions:
        return await importing.import_reports(sessions, storage, wanted)


async def _save(storage: "Storage", evaluation_id: int) -> str:
    from app.services.evaluations import reports

    async with open_sessions() as sessions:
        return await reports.save(sessions, use_case(), storage, evaluation_id)


def _in_words(result: "ImportedReports") -> str:
    lines = [
        f"Files: {result.files} looked at, {result.imported} imported, {result.unchanged} unchanged,"
        f" {result.refused} refused.",
        f"New: {result.runs} runs with {result.metrics} metrics. Skipped: {result.skipped} lines.",
    ]
    for fault in result.unread:
        place = fault.key if fault.line is None else f"{fault.key}, line {fault.line}"
        lines.append(f"  {place}: {fault.reason}")
    return "\n".join(lines)
