"""``python -m app init``."""

from typing import Annotated

import typer


def init(
    example: Annotated[
        str | None, typer.Option(help="Write this example, such as churn.  [default: blank files]")
    ] = None,
) -> None:
    """Write the four files that make a service of your own. What was edited is never overwritten."""
    from app.local import four_files  # reads the examples, which a service goes without

    for file in four_files.write(example or four_files.BLANK):
        path = file.place.relative_to(four_files.ROOT)
        typer.echo(f"{'Wrote' if file.is_new else 'Is so already:'} {path}")
    if package := _other_package():
        typer.echo(f"USE_CASE is set: the service runs on {package}, not on these.", err=True)
    typer.echo("Edit them; `make dev` takes each save. docs/your-own-model.md goes through it.")


def _other_package() -> str | None:
    """What USE_CASE names, in the environment or .env; None, too, where a setting does not fit."""
    from pydantic import ValidationError

    from app.core.given_settings import given_settings

    try:
        return given_settings().use_case
    except ValidationError:  # the next command says which
        return None
