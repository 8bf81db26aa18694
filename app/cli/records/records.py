"""``python -m app records``."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.records import ground_truth, purge, remodel, single
from app.core.errors import InvalidInput
from app.schemas.records.imports import FileFormat

commands = typer.Typer(help="Input objects and the truths about them.", no_args_is_help=True)
commands.command("list")(single.list_records)
commands.command()(single.show)
commands.command(hidden=True)(single.get)  # as `show --format json` was called before
commands.command()(single.put)
commands.command()(single.label)
commands.command()(single.unlabel)
commands.command()(single.delete)
commands.command()(purge.purge)
commands.command()(purge.unfit)
commands.command("ground-truth")(ground_truth.ground_truth)
commands.command()(remodel.remodel)

SUFFIXES: dict[str, FileFormat] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}


@commands.command("import")
def import_file(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(metavar="FILE", help="CSV or NDJSON; - is standard input.")
    ],
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
    from app.cli.records import importing
    from app.services.records.import_options import ColumnOptions

    columns = ColumnOptions(id_column, label_column, rename or (), ignore or (), flags=True)
    importing.run(file, chosen, delimiter=delimiter, columns=columns, skip_bad=skip_bad, dry_run=dry_run)
