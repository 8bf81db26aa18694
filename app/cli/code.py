"""``python -m app code``."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from app.services.use_case.code import StageCode


def code() -> None:
    """Show what a prediction's key knows of your code: a change of any of it makes all of them anew."""
    from app.core.given_settings import given_settings
    from app.services.use_case import load

    settings = given_settings()
    use_case = load(settings.use_case)
    typer.echo(f"Pipeline version: {settings.pipeline_version or use_case.fingerprint}")
    if settings.pipeline_version:
        typer.echo("PIPELINE_VERSION says so: none of what follows counts.")
    for name, stage in use_case.stages.items():
        typer.echo("\n".join([f"{name}: {stage.fingerprint}", *_lines(stage)]))


def _lines(stage: "StageCode") -> list[str]:
    parts = {"modules": stage.modules, "data files": stage.data_files, "libraries": stage.libraries.values()}
    return [f"  {what}: {', '.join(names)}" for what, names in parts.items() if names]
