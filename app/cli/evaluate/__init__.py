"""``python -m app evaluate``: evaluation runs, what they found, and their reports."""

import typer

from app.cli import reports
from app.cli.evaluate import comparing, looking, running

commands = typer.Typer(help="Evaluation runs and their reports.", no_args_is_help=True)
commands.command("run")(running.run)
commands.command("list")(looking.list_runs)
commands.command("show")(running.show)
commands.command("cancel")(running.cancel)
commands.command("compare")(comparing.compare)
commands.command("history")(looking.history)
commands.command("import")(reports.import_reports)
commands.command("report")(reports.report)
