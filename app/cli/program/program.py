"""The program that knows all commands."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.program.late import LateGroup
from app.cli.program.listed import COMMANDS
from app.cli.program.listing import listing

if TYPE_CHECKING:
    from typer._click.core import Context

HELP_WIDTH = 110


class _Commands(LateGroup):
    late = COMMANDS

    def get_help(self, ctx: "Context") -> str:  # noqa: ARG002
        return listing()


program = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,  # `completion` has it, since this would not work with `python -m`
    rich_markup_mode=None,
    context_settings={"max_content_width": HELP_WIDTH},
    pretty_exceptions_enable=False,  # its traceback of a bug would print local variables, secrets among them
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from app.cli.program.version import version

        typer.echo(version())
        raise typer.Exit


@program.callback()
def _about(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    """Predictions by record id from a hosted model, cached and evaluated in Postgres."""


def run(arguments: Sequence[str], complete_variable: str) -> None:
    """Run a command, or answer the shell that asks by the variable what could come next."""
    if complete_variable in os.environ:
        from typer.completion import get_completion_inspect_parameters

        get_completion_inspect_parameters()  # makes the shells known, as add_completion would
    program(arguments, complete_var=complete_variable)
