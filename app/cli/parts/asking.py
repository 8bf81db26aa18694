"""Asking before something is deleted."""

import sys
from typing import Annotated

import typer

from app.core.errors import InvalidInput

WithoutAsking = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def confirm(what: str, *, yes: bool) -> None:
    """Ask whether to delete ``what``, unless ``yes``; InvalidInput where nobody is there to be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(f"This would delete {what}: give --yes.")
    typer.confirm(f"Delete {what}?", abort=True, err=True)
