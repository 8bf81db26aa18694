"""``python -m app records``."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli.database import open_sessions, use_case
from app.cli.records import ground_truth, purge
from app.cli.terminal import files
from app.core.errors import InvalidInput
from app.schemas.ids import check_record_id
from app.schemas.records.imports import Counts, FileFormat, ImportReport
from app.schemas.records.records import Record
from app.services.records import importer, records
from app.services.records.import_options import ColumnOptions

commands = typer.Typer(help="Input objects and the truths about them.", no_args_is_help=True)
commands.command()(purge.purge)
commands.command()(purge.unfit)
commands.command("ground-truth")(ground_truth.ground_truth)

CHUNK = 64 * 1024
SUFFIXES: dict[str, FileFormat] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}


@commands.command()
def get(record_id: str) -> None:
    """Print a record as JSON."""
    typer.echo(asyncio.run(_get(check_record_id(record_id))).model_dump_json(indent=2))


async def _get(record_id: str) -> Record:
    async with open_sessions() as sessions:
        return await records.get(sessions, record_id)


@commands.command("import")
def import_file(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="CSV or NDJSON; - is standard input.")],
    file_format: Annotated[
        FileFormat | None, typer.Option("--format", help="Default: what the file's name says.")
    ] = None,
    delimiter: Annotated[str, typer.Option(help="Between the cells of a CSV.")] = ",",
    id_column: Annotated[
        str | None, typer.Option("--id-column", help="The CSV's column of record ids. Default: id.")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option("--label-column", help="The CSV's column of truths. Default: LABEL.")
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", metavar="FROM=TO", help="A column of the CSV and the field it is."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="COLUMN", help="A column to leave out.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Import the good lines, list the others.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and count everything, write nothing.")
    ] = False,
) -> None:
    """Create or replace records and their truths from a file: every line, or none of them.

    The first line of a CSV names its columns: id, the fields of the input, and if wanted LABEL (as in
    evaluation.py) and observed_at. Options name what the file calls otherwise; --rename and --ignore
    may be repeated.
    """
    chosen = file_format or SUFFIXES.get(Path(file.name).suffix.lower())
    if chosen is None:
        raise InvalidInput("The file's name does not say which format it has: give --format csv or ndjson.")
    columns = ColumnOptions(id_column, label_column, rename or (), ignore or (), flags=True)
    with files.named(file.name), _watched(file) as source:
        done = _import(
            source, chosen, delimiter=delimiter, columns=columns, skip_bad=skip_bad, dry_run=dry_run
        )
        report = asyncio.run(done)
    typer.echo(_in_words(report))


@contextmanager
def _watched(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file, with a progress bar on standard error if that is a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        size = os.fstat(file.fileno()).st_size  # of a pipe 0, and no bar
        yield progress.wrap_file(file, total=size, description=Path(file.name).name) if size else file


async def _import(
    source: BinaryIO,
    file_format: FileFormat,
    *,
    delimiter: str,
    columns: ColumnOptions,
    skip_bad: bool,
    dry_run: bool,
) -> ImportReport:
    async with open_sessions() as sessions:
        return await importer.import_records(
            sessions,
            use_case(),
            _chunks(source),
            file_format=file_format,
            delimiter=delimiter,
            columns=columns,
            skip_bad=skip_bad,
            dry_run=dry_run,
        )


async def _chunks(source: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def _in_words(report: ImportReport) -> str:
    lines = [f"{report.read} lines read."]
    if report.dry_run:
        lines.append("A dry run: nothing was written. Without --dry-run it would be:")
    lines += [f"Records: {_counted(report)}.", f"Labels: {_counted(report.labels)}."]
    if report.skipped:
        lines.append(f"Skipped: {report.skipped} lines. What is wrong with them (the first faults):")
    for error in report.errors:
        field = f"{error.field}: " if error.field else ""
        lines.append(f"  {error.place}: {field}{error.message}")
    return "\n".join(lines)


def _counted(counts: Counts) -> str:
    return f"{counts.created} created, {counts.updated} updated, {counts.unchanged} unchanged"
