"""``python -m app models pack``."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from app.cli.terminal.hints import this_program
from app.cli.terminal.options import parsed
from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from app.local.packing import ModelArtifact
    from app.schemas.rows import Row

ROW = '[1, 2.5, "gas", null]'
"""The form of a row of features."""
SentAs: TypeAlias = Literal["text/csv", "application/json", "application/jsonlines"]
SENT: SentAs = "text/csv"
"""How rows are sent, unless a version says otherwise."""


def pack(
    folder: Annotated[Path, typer.Argument(help="The folder with code/inference.py and the model's files.")],
    output: Annotated[
        Path | None, typer.Option(help="Where to; default models/<the folder's name>.tar.gz.")
    ] = None,
    row: Annotated[
        str | None, typer.Option(help="A row of features to ask it, as JSON: '[1, 2.5, null]'.")
    ] = None,
    content_type: Annotated[
        SentAs, typer.Option(help="How the row is sent; what the model will be registered with.")
    ] = SENT,
) -> None:
    """Make a model.tar.gz for the local endpoint and SageMaker, load it once, and ask it a row."""
    from app.cli.program.collecting import all_imported
    from app.local.packing import pack as pack_folder  # needs what a service goes without

    all_imported()
    cells = None if row is None else _row(row)
    artifact = pack_folder(folder, output, cells, content_type)
    _print_artifact(artifact, asked=cells is not None)
    _print_next(artifact.path.name, content_type)


def _row(text: str) -> "Row":
    row = parsed("--row", text, ROW)
    if not isinstance(row, list) or not row or any(isinstance(cell, list | dict) for cell in row):
        raise InvalidInput(f"--row must be a JSON list of one row's features, such as '{ROW}'.")
    return row


def _print_artifact(artifact: "ModelArtifact", *, asked: bool) -> None:
    typer.echo(
        f"{artifact.path}: {len(artifact.names)} files, {artifact.size:,} bytes, MD5 (ETag) {artifact.md5}"
    )
    if artifact.left_out:
        typer.echo(f"Left out: {', '.join(artifact.left_out)}")
    for note in artifact.notes:
        typer.echo(f"Note: {note}")
    if asked:
        typer.echo(f"Its answer to the row: {json.dumps(artifact.answer, ensure_ascii=False)}")


def _print_next(name: str, content_type: SentAs) -> None:
    options = {"endpoint_name": "ENDPOINT", "target_model": name}
    if content_type != SENT:
        options["content_type"] = content_type
    typer.echo("It loads. Next, with your names, and with --features if it takes only some of them:")
    given = " ".join(f"--option {shlex.quote(f'{one}={value}')}" for one, value in options.items())
    typer.echo(f"  {this_program()} models register MODEL VERSION {given}")
