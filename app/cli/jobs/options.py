"""Which records a job is about, as options have it."""

import os
from pathlib import Path
from typing import Annotated, TextIO

import typer
from pydantic import JsonValue

from app.cli.terminal import files
from app.cli.terminal.options import WHERE, parsed
from app.core.errors import InvalidInput
from app.schemas.jobs.jobs import Engine
from app.schemas.records.imports import FileFormat

Everything = Annotated[bool, typer.Option("--all", help="Every record.")]
IdsFile = Annotated[
    typer.FileText | None,
    typer.Option(
        metavar="FILE", help="Ids of records, one a line; - is standard input.", encoding="utf-8-sig"
    ),
]
JobWhere = Annotated[str | None, typer.Option(help=f"Inputs with these values, as {WHERE}.")]
JobSince = Annotated[str | None, typer.Option(help="Inputs from this time on, with its offset.")]
JobUntil = Annotated[str | None, typer.Option(help="Inputs before this time.")]
JobTimeField = Annotated[
    str | None, typer.Option(help="What --since and --until go by. Default: what evaluation.py says.")
]
EngineName = Annotated[Engine, typer.Option(help="How it predicts.")]
StoreAs = Annotated[
    FileFormat | None, typer.Option(help="Have the workers write the results to the storage, too.")
]


def _writable(output: Path | None) -> Path | None:
    """Where it can be seen that it cannot be written, that is said before anything is predicted."""
    folder = None if output is None else output.parent
    if folder is not None and not folder.is_dir():
        raise typer.BadParameter(f"there is no folder '{folder}'.")
    if (
        folder is not None
        and output is not None
        and files.is_plain(output)
        and not os.access(folder, os.W_OK)
    ):
        raise typer.BadParameter(f"nothing can be written in the folder '{folder}'.")
    return output


OutputFile = Annotated[
    Path | None,
    typer.Option(
        help="Write the results here: .csv, .json, else NDJSON.",
        dir_okay=False,
        writable=True,
        callback=_writable,
    ),
]


def chosen_records(
    *,
    everything: bool,
    ids_file: TextIO | None,
    where: str | None,
    since: str | None,
    until: str | None,
    time_field: str | None,
) -> dict[str, JsonValue]:
    """What a job's request says of records; InvalidInput names the option that cannot be read."""
    return {
        "all": everything or None,
        "ids": None if ids_file is None else _lines(ids_file),
        "where": None if where is None else parsed("--where", where, WHERE),
        "since": since,
        "until": until,
        "time_field": time_field,
    }


def _lines(file: TextIO) -> list[JsonValue]:
    try:
        return [line.rstrip("\r\n") for line in file if line.strip()]
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file.name} is not text in UTF-8.") from error
