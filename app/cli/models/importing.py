"""``python -m app models import``."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.database import open_sessions, use_case
from app.cli.parts import bars
from app.cli.terminal import output
from app.cli.terminal.options import parsed
from app.cli.terminal.output import FormatOption
from app.core.errors import FieldError, InvalidInput
from app.core.settings import Settings
from app.schemas.ids import LEGAL_NAME, is_legal_name

if TYPE_CHECKING:
    from app.schemas.hosting.model_imports import ModelsImport
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
AsJson = Annotated[bool, typer.Option("--json", help="The same as --format json.", hidden=True)]
FORM = '{"endpoint_name": "churn"}'


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
    form: FormatOption = "table",
) -> None:
    """Register the artifacts of a multi-model endpoint below a prefix. The same again changes nothing."""
    from app.services.models.importing.pattern import KeyPattern
    from app.services.models.importing.wanted import ModelsWanted

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
    if as_json or form != "table":
        output.show_one(done, "json" if as_json else form)
    else:
        _print(done, promote=promote)


def _require_legal(names: dict[str, str | None]) -> None:
    faults = [
        FieldError(field, LEGAL_NAME) for field, name in names.items() if name and not is_legal_name(name)
    ]
    if faults:
        raise InvalidInput("These are no names.", errors=faults)


async def _import(wanted: "ModelsWanted") -> "ModelsImport":
    from app.services.inference import Inference
    from app.services.models.importing.importer import import_models

    inference = Inference(Settings())
    try:
        async with open_sessions() as sessions:
            with bars.bar("Registering") as said:
                return await import_models(sessions, use_case(), inference, wanted, said=said)
    finally:
        await inference.aclose()


def _print(done: "ModelsImport", *, promote: bool) -> None:
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
