"""``python -m app init``."""

import os
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
    if package := os.environ.get("USE_CASE"):
        typer.echo(f"USE_CASE is set: the service runs on {package}, not on these.", err=True)
    typer.echo("Edit them; `make dev` takes each save. docs/your-own-model.md goes through it.")
