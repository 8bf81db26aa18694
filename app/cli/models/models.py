"""``python -m app models``."""

import asyncio
import json
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from pydantic import JsonValue, ValidationError

from app.backends.wire.formats import ContentType
from app.cli.database import open_sessions, use_case
from app.cli.models.importing import import_versions
from app.cli.models.pricing import price, prices
from app.cli.terminal.hints import this_program
from app.cli.terminal.options import parsed
from app.core.errors import InvalidInput
from app.core.settings import Settings
from app.db.engine import Sessions
from app.schemas.faults import faults_of
from app.schemas.models import Model, ModelVersion, NewVersion
from app.schemas.rows import Row
from app.services.inference import Inference
from app.services.models import deletion, versions
from app.services.models import rollback as rollbacks

if TYPE_CHECKING:
    from app.local.packing import ModelArtifact

commands = typer.Typer(help="Models, their versions, and which is live.", no_args_is_help=True)

commands.command("import")(import_versions)
commands.command()(price)
commands.command()(prices)

T = TypeVar("T")
ROW = '[1, 2.5, "gas", null]'
"""The form of a row of features."""
SENT: ContentType = "text/csv"
"""How rows are sent, unless a version says otherwise."""
Probe = Annotated[
    bool | None,
    typer.Option(
        "--probe/--no-probe",
        help="Send it one row first; if that fails it is not live. Default: unless it scales to zero.",
    ),
]


@commands.command("list")
def list_models() -> None:
    """Every model with its versions; the live one has a star."""
    for model in _run(versions.list_all):
        _print(model)


@commands.command()
def register(
    model: str,
    version: str,
    backend: Annotated[str, typer.Option(help="The hosting platform.")] = "sagemaker",
    options: Annotated[str, typer.Option(help="The backend's options, as JSON.")] = "{}",
    features: Annotated[
        str | None, typer.Option(help="The features it takes, with commas; default all.")
    ] = None,
    promote: Annotated[bool, typer.Option("--promote", help="Make it live at once.")] = False,
    probe: Probe = None,
) -> None:
    """Register a version, and the model with its first one. The same again changes nothing."""
    new = _parse(
        {
            "version": version,
            "backend": backend,
            "options": parsed("--options", options, '{"endpoint_name": "local"}'),
            "features": None if features is None else list[JsonValue](features.split(",")),
            "promote": promote,
            "probe": probe,
        }
    )
    registered, is_new = _run(lambda sessions: _register(sessions, model, new))
    typer.echo(f"{'Registered' if is_new else 'Already registered'}: {_in_words(registered)}")
    if registered.warning:
        typer.echo(f"Note: {registered.warning}", err=True)


@commands.command()
def promote(model: str, version: str, probe: Probe = None) -> None:
    """Make a version live, at once for every replica."""
    _print(_run(lambda sessions: _promote(sessions, model, version, probe=probe)))


@commands.command()
def delete(model: str, version: str) -> None:
    """Delete a version that was never live, with its predictions; the model goes with its last version."""
    _run(lambda sessions: deletion.delete(sessions, model, version))
    typer.echo(f"Deleted: {model} {version}")


@commands.command()
def rollback(model: str) -> None:
    """Go back to the version that was live before."""
    done = _run(lambda sessions: rollbacks.roll_back(sessions, use_case(), model))
    typer.echo(f"Rolled back {model} from {done.left_version} to {done.live_version}:")
    _print(done)


@commands.command()
def pack(
    folder: Annotated[Path, typer.Argument(help="The folder with code/inference.py and the model's files.")],
    output: Annotated[
        Path | None, typer.Option(help="Where to; default models/<the folder's name>.tar.gz.")
    ] = None,
    row: Annotated[
        str | None, typer.Option(help="A row of features to ask it, as JSON: '[1, 2.5, null]'.")
    ] = None,
    content_type: Annotated[
        ContentType, typer.Option(help="How the row is sent; what the model will be registered with.")
    ] = SENT,
) -> None:
    """Make a model.tar.gz for the local endpoint and SageMaker, load it once, and ask it a row."""
    from app.local.packing import pack as pack_folder  # needs what a service goes without

    cells = None if row is None else _row(row)
    artifact = pack_folder(folder, output, cells, content_type)
    _print_artifact(artifact, asked=cells is not None)
    _print_next(artifact.path.name, content_type)


def _run(work: Callable[[Sessions], Awaitable[T]]) -> T:
    async def in_sessions() -> T:
        async with open_sessions() as sessions:
            return await work(sessions)

    return asyncio.run(in_sessions())


def _parse(body: JsonValue) -> NewVersion:
    try:
        return NewVersion.model_validate(body)
    except ValidationError as error:
        raise InvalidInput("The version does not fit.", errors=faults_of(error)) from error


async def _register(sessions: Sessions, model: str, new: NewVersion) -> tuple[ModelVersion, bool]:
    async with _inference() as inference:
        return await versions.register(sessions, use_case(), inference, model, new)


async def _promote(sessions: Sessions, model: str, version: str, *, probe: bool | None) -> Model:
    async with _inference() as inference:
        return await versions.promote(sessions, use_case(), inference, model, version, probe=probe)


@asynccontextmanager
async def _inference() -> AsyncIterator[Inference]:
    inference = Inference(Settings())
    try:
        yield inference
    finally:
        await inference.aclose()


def _print(model: Model) -> None:
    for version in model.versions:
        typer.echo(_in_words(version))


def _in_words(version: ModelVersion) -> str:
    star = "*" if version.live else " "
    changing = ", a change is under way" if version.pending else ""
    revision = f" ({version.revision}{changing})" if version.revision else ""
    return f"{star} {version.model} {version.version}: {version.backend}{revision}"


def _row(text: str) -> Row:
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


def _print_next(name: str, content_type: ContentType) -> None:
    options = {"endpoint_name": "ENDPOINT", "target_model": name}
    if content_type != SENT:
        options["content_type"] = content_type
    typer.echo("It loads. Next, with your names, and with --features if it takes only some of them:")
    typer.echo(
        f"  {this_program()} models register MODEL VERSION --options {shlex.quote(json.dumps(options))}"
    )
