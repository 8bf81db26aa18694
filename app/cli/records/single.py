"""``python -m app records`` for one record, or a few that are named."""

from typing import Annotated, TextIO

import typer

from app.cli.parts.asking import WithoutAsking, confirm
from app.cli.terminal.options import HowMany
from app.cli.terminal.output import FormatOption
from app.core.errors import InvalidInput

RecordIdArgument = Annotated[str, typer.Argument(metavar="ID", help="The record's id.")]
IfMatch = Annotated[
    str | None, typer.Option(help="Only if the record has this content hash, as `show` tells it.")
]
INPUT = '{"tenure": 12, "plan": "basic"}'


def list_records(
    prefix: Annotated[str, typer.Option(help="Only ids that start with this.")] = "",
    limit: HowMany = 100,
    form: FormatOption = "table",
) -> None:
    """List records in the order of their ids."""
    from app.cli.records import working

    working.show_all(prefix, limit, form)


def show(record_id: RecordIdArgument, form: FormatOption = "table") -> None:
    """Show a record with its truth."""
    from app.cli.records import working

    working.show(record_id, form)


def get(record_id: RecordIdArgument) -> None:
    """Print a record as JSON."""
    show(record_id, "json")


def put(
    record_id: RecordIdArgument,
    given: Annotated[
        str | None, typer.Argument(metavar="INPUT", help=f"The input object as JSON, such as '{INPUT}'.")
    ] = None,
    file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(metavar="FILE", help="Read it from this file; - is standard input."),
    ] = None,
    if_match: IfMatch = None,
    only_new: Annotated[bool, typer.Option("--only-new", help="Only if there is no such record.")] = False,
    form: FormatOption = "table",
) -> None:
    """Create or replace a record. The same input again changes nothing."""
    from app.cli.parts.values import json_of
    from app.cli.records import working

    value = json_of(given, file, "INPUT", INPUT)
    working.put(record_id, value, working.objection(if_match, only_new=only_new), form)


def label(
    record_id: RecordIdArgument,
    value: Annotated[
        str | None,
        typer.Argument(
            metavar="VALUE", help="The truth, as JSON or as text. Without it, show what there is."
        ),
    ] = None,
    observed_at: Annotated[
        str | None, typer.Option(help="When it was seen, with its offset. Default: now.")
    ] = None,
    form: FormatOption = "table",
) -> None:
    """Set the truth about a record, or show it."""
    from app.cli.records import working

    if value is not None:
        working.label(record_id, value, observed_at, form)
    elif observed_at is not None:
        raise InvalidInput("--observed-at goes with a VALUE.")
    else:
        working.show_label(record_id, form)


def unlabel(record_id: RecordIdArgument) -> None:
    """Forget the truth about a record. Evaluations that were made keep theirs."""
    from app.cli.records import working

    working.unlabel(record_id)
    typer.echo("The truth is forgotten.", err=True)


def delete(
    record_ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="The records' ids.")] = None,
    ids_file: Annotated[
        typer.FileText | None,
        typer.Option(
            metavar="FILE", help="A file of ids, one a line; - is standard input.", encoding="utf-8-sig"
        ),
    ] = None,
    if_match: IfMatch = None,
    yes: WithoutAsking = False,
) -> None:
    """Delete records and their truths; their predictions stay. `purge` deletes by what is in them.

    The exit code is 3 if some are not there, or have another content hash.
    """
    wanted = [*(record_ids or ()), *_lines(ids_file)]
    if not wanted:
        raise InvalidInput("Give ids, or --ids-file.")
    if if_match is not None and len(wanted) > 1:
        raise InvalidInput("--if-match is of one record.")
    confirm(f"record {wanted[0]}" if len(wanted) == 1 else f"{len(wanted):,} records", yes=yes)
    from app.cli.records import working

    working.delete(wanted, if_match)


def _lines(file: TextIO | None) -> list[str]:
    if file is None:
        return []
    try:
        return [line.rstrip("\r\n") for line in file if line.strip()]
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file.name} is not text in UTF-8.") from error
