"""``python -m app``: one file per resource, each a Typer app that is mounted here."""

import os
import sys
from collections.abc import Sequence

import typer
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from app.cli import code, evaluate, init, local, migrate, models, predict, sample, serve, storage, worker
from app.cli.records import records
from app.cli.terminal import files
from app.core.errors import AppError
from app.core.settings import Settings
from app.core.strict_json import readable
from app.db.engine import OUTAGES, is_outage

FLAGS = {
    "time_field": "--time-field",
    "finished_since": "--finished-since",
    "finished_until": "--finished-until",
    **dict.fromkeys(("metric", "metrics"), "--metric"),
    **dict.fromkeys(("slice", "slices"), "--slice"),
}
"""Options by the names that their values have in requests, where those would not be found."""

commands = typer.Typer(
    help="Predictions by record id from a hosted model, cached and evaluated in Postgres.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its traceback of a bug would print local variables, secrets among them
)
commands.command()(local.demo)
commands.command()(local.dev)
commands.command("dev-service", hidden=True)(local.service)
commands.command()(init.init)
commands.command()(code.code)
commands.command()(serve.serve)
commands.command()(worker.worker)
commands.command()(migrate.migrate)
commands.command()(predict.predict)
commands.add_typer(records.commands, name="records")
commands.add_typer(models.commands, name="models")
commands.add_typer(evaluate.commands, name="evaluate")
commands.add_typer(storage.commands, name="storage")
commands.add_typer(sample.commands, name="sample")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. What is wrong is said in one line on standard error, with exit code 1."""
    _require_text(sys.argv[1:] if arguments is None else arguments)
    try:
        commands(arguments)
    except AppError as error:
        faults = [f"  {FLAGS.get(fault.field, fault.field)}: {fault.message}" for fault in error.errors]
        _fail("\n".join([error.detail, *faults]))
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        _fail("; ".join(_setting_fault(fault["loc"], fault["msg"]) for fault in error.errors()))
    except OUTAGES as error:
        if told := files.fault(error):
            _fail(told)
        if not is_outage(error):
            raise
        _fail(f"The database cannot be reached: {_reason(error)}")


def _require_text(arguments: Sequence[str]) -> None:
    """End where an argument cannot be decoded: Python hides its bytes in what no database and no URL takes.

    Only a file may be called anything.
    """
    for argument in arguments:
        if readable(argument) != argument and not os.path.lexists(argument):
            _fail(f"The argument {readable(argument)!r} is not text in UTF-8.")


def _setting_fault(location: Sequence[int | str], message: str) -> str:
    name = str(location[0]).upper()
    return f"{name} is not set." if message == "Field required" else f"{name}: {message}"


def _reason(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause) or type(cause).__name__).splitlines()[0]


def _fail(message: str) -> None:
    typer.echo(f"Error: {message}", err=True)
    sys.exit(1)
