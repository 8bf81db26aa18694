"""``python -m app models import``."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli.database import open_sessions, use_case
from app.cli.terminal.options import parsed
from app.core.errors import FieldError, InvalidInput
from app.core.settings import Settings
from app.schemas.hosting.model_imports import ModelsImport
from app.schemas.ids import LEGAL_NAME, is_legal_name
from app.services.inference import Inference
from app.services.models.importing.importer import Said, import_models
from app.services.models.importing.pattern import KeyPattern
from app.services.models.importing.wanted import ModelsWanted

Url = Annotated[str, typer.Argument(help="Where the artifacts lie: s3://bucket/prefix.", metavar="S3_URL")]
Pattern = Annotated[
    str,
    typer.Option(
        help="What a key below it looks like: '{model}/{version}.tar.gz'; * fits anything but a slash,"
        " ** anything."
    ),
]
OneModel = Annotated[str | None, typer.Option("--model", help="The model of all, if no key names it.")]
OneVersion = Annotated[str | None, typer.Option("--version", help="The version of all, if no key names it.")]
TemplateOptions = Annotated[
    str, typer.Option("--options", help="Those of each version but for target_model, as JSON.")
]
EndpointPrefix = Annotated[
    str | None,
    typer.Option("--prefix", help="What the keys are relative to; default what DescribeModel says."),
]
FeatureNames = Annotated[
    str | None, typer.Option("--features", help="The features they take, with commas; default all.")
]
PromoteNewest = Annotated[
    bool, typer.Option("--promote", help="Make live of each model what was written last. Nothing is probed.")
]
OnlySay = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]
FORM = '{"endpoint_name": "transit"}'


def import_versions(
    url: Url,
    pattern: Pattern,
    options: TemplateOptions,
    model: OneModel = None,
    version: OneVersion = None,
    prefix: EndpointPrefix = None,
    features: FeatureNames = None,
    promote: PromoteNewest = False,
    dry_run: OnlySay = False,
    as_json: AsJson = False,
) -> None:
    """Register the artifacts of a multi-model endpoint below a prefix. The same again changes nothing."""
    template = parsed("--options", options, FORM)
    if not isinstance(template, dict):
        raise InvalidInput(f"--options takes a JSON object, such as '{FORM}'.")
    _require_legal({"model": model, "version": version})
    wanted = ModelsWanted(
        url,
        KeyPattern(pattern, model=model, version=version),
        template,
        endpoint_prefix=prefix,
        features=None if features is None else features.split(","),
        promote=promote,
        dry_run=dry_run,
    )
    done = asyncio.run(_import(wanted))
    if as_json:
        typer.echo(done.model_dump_json())
    else:
        _print(done, promote=promote)


def _require_legal(names: dict[str, str | None]) -> None:
    faults = [
        FieldError(field, LEGAL_NAME) for field, name in names.items() if name and not is_legal_name(name)
    ]
    if faults:
        raise InvalidInput("These are no names.", errors=faults)


async def _import(wanted: ModelsWanted) -> ModelsImport:
    inference = Inference(Settings())
    try:
        async with open_sessions() as sessions:
            with _progress() as said:
                return await import_models(sessions, use_case(), inference, wanted, said=said)
    finally:
        await inference.aclose()


@contextmanager
def _progress() -> Iterator[Said]:
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("Registering", total=None)
        yield lambda finished, total: progress.update(task, completed=finished, total=total)


def _print(done: ModelsImport, *, promote: bool) -> None:
    if done.dry_run:
        typer.echo("A dry run: nothing was written. Without --dry-run it would be:")
    typer.echo(
        f"Of {done.objects:,} objects: {done.registered:,} versions registered, {done.unchanged:,} unchanged,"
        f" of {done.models:,} models."
    )
    if promote:
        typer.echo(f"Promoted: {done.promoted:,} models.")
    for one in done.left_out:
        typer.echo(f"{one.objects:,}: {one.fault}")
        for example in one.examples:
            typer.echo(f"  {example}")
        if one.objects > len(one.examples):
            typer.echo("  ...")
