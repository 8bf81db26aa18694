"""The work of ``python -m app records import``."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from app.cli.database import open_sessions, use_case
from app.cli.terminal import files
from app.schemas.records.imports import Counts, FileFormat, ImportReport
from app.services.records import importer
from app.services.records.import_options import ColumnOptions

CHUNK = 64 * 1024


def run(
    file: BinaryIO,
    file_format: FileFormat,
    *,
    delimiter: str,
    columns: ColumnOptions,
    skip_bad: bool,
    dry_run: bool,
) -> None:
    """Import the file, and say what came of it."""
    with files.named(file.name), _watched(file) as source:
        done = _import(
            source, file_format, delimiter=delimiter, columns=columns, skip_bad=skip_bad, dry_run=dry_run
        )
        report = asyncio.run(done)
    typer.echo(_in_words(report))


@contextmanager
def _watched(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file, with a progress bar on standard error if that is a terminal."""
    console = Console(stderr=True)
    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
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
