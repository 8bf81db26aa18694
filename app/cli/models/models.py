"""``python -m app models``."""

from typing import Annotated

import typer
from pydantic import JsonValue

from app.cli.models.importing import import_versions
from app.cli.models.packing import pack
from app.cli.models.pricing import price, prices
from app.cli.parts.asking import WithoutAsking, confirm
from app.cli.terminal.options import HowMany, parsed
from app.cli.terminal.output import FormatOption
from app.core.errors import InvalidInput

commands = typer.Typer(help="Models, their versions, and which is live.", no_args_is_help=True)
commands.command("import")(import_versions)
commands.command()(pack)
commands.command()(price)
commands.command()(prices)

FORM = '{"endpoint_name": "churn"}'
Probe = Annotated[
    bool | None,
    typer.Option(
        "--probe/--no-probe",
        help="Send it one row first; if that fails it is not live. Default: unless it scales to zero.",
    ),
]
NamedModel = Annotated[str, typer.Argument(metavar="NAME", help="The model.")]
NamedVersion = Annotated[str, typer.Argument(metavar="VERSION", help="Its version.")]
Pairs = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="An option of the platform, endpoint_name=churn say; repeatable. `models backends` has them.",
    ),
]


@commands.command("list")
def list_models(form: FormatOption = "table") -> None:
    """Every model with its versions; the live one has a star."""
    from app.cli.models import working

    working.show_all(form)


@commands.command()
def show(
    name: NamedModel,
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="Only this one, with all of it.")
    ] = None,
    form: FormatOption = "table",
) -> None:
    """Show a model with its versions, or one version with its options and features."""
    from app.cli.models import working

    if version is None:
        working.show_model(name, form)
    else:
        working.show_version(name, version, form)


@commands.command()
def history(
    name: NamedModel,
    limit: HowMany = 100,
    form: FormatOption = "table",
) -> None:
    """Show when each version of a model went live and left, the newest first."""
    from app.cli.models import working

    working.show_history(name, limit, form)


@commands.command()
def backends(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Show the options of this one.")] = None,
    form: FormatOption = "table",
) -> None:
    """Show the platforms that versions can be hosted on, or one with all of its options."""
    from app.cli.models import platforms

    platforms.show(name, form)


@commands.command()
def register(
    name: NamedModel,
    version: NamedVersion,
    backend: Annotated[str, typer.Option(help="The hosting platform.")] = "sagemaker",
    option: Pairs = None,
    options: Annotated[str | None, typer.Option(help=f"Options as JSON, such as '{FORM}'.")] = None,
    features: Annotated[
        str | None, typer.Option(help="The features it takes, with commas; default all.")
    ] = None,
    promote: Annotated[bool, typer.Option("--promote", help="Make it live at once.")] = False,
    probe: Probe = None,
    form: FormatOption = "table",
) -> None:
    """Register a version, and the model with its first one. The same again changes nothing.

    What is inside an option has its name and a dot before: --option transform.model_name=churn-1.
    """
    from app.cli.models import working
    from app.services.models import backend_options

    base = {} if options is None else parsed("--options", options, FORM)
    if not isinstance(base, dict):
        raise InvalidInput(f"--options takes a JSON object, such as '{FORM}'.")
    body: dict[str, JsonValue] = {
        "version": version,
        "backend": backend,
        "options": backend_options.read(backend, option or (), base),
        "features": None if features is None else list[JsonValue](features.split(",")),
        "promote": promote,
        "probe": probe,
    }
    working.register(name, body, form)


@commands.command()
def promote(
    name: NamedModel, version: NamedVersion, probe: Probe = None, form: FormatOption = "table"
) -> None:
    """Make a version live, at once for every replica."""
    from app.cli.models import working

    working.promote(name, version, form, probe=probe)


@commands.command()
def delete(name: NamedModel, version: NamedVersion, yes: WithoutAsking = False) -> None:
    """Delete a version that was never live, with its predictions; the model goes with its last version."""
    confirm(f"version {version} of {name} with its predictions", yes=yes)
    from app.cli.models import working

    working.delete(name, version)
    typer.echo(f"Deleted: {name} {version}")


@commands.command()
def rollback(name: NamedModel, form: FormatOption = "table") -> None:
    """Go back to the version that was live before. Twice goes back twice."""
    from app.cli.models import working

    working.roll_back(name, form)
