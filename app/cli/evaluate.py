"""``python -m app evaluate``."""

import typer

from app.cli import reports

commands = typer.Typer(help="Evaluation runs and their reports.", no_args_is_help=True)
commands.command("import")(reports.import_reports)
commands.command()(reports.report)
