"""``python -m app``: one file per resource, each imported when a command of it is asked for."""

import os
import sys
from collections.abc import Sequence

import typer

from app.cli.terminal.late import LateCommand, LateGroup

COMMANDS = {
    "demo": LateCommand(
        "app.cli.local:demo",
        "Run the worked example on this machine, with a Postgres and a SageMaker endpoint of its own.",
    ),
    "dev": LateCommand(
        "app.cli.local:dev", "Run the service on your own files, and start it anew at each save."
    ),
    "dev-service": LateCommand(
        "app.cli.local:service",
        "The service that `dev` starts, on the file descriptors of a socket and of a pipe.",
        hidden=True,
    ),
    "init": LateCommand(
        "app.cli.init:init",
        "Write the four files that make a service of your own. What was edited is never overwritten.",
    ),
    "code": LateCommand(
        "app.cli.code:code",
        "Show what a prediction's key knows of your code: a change of any of it makes all of them anew.",
    ),
    "serve": LateCommand(
        "app.cli.serve:serve",
        "Run the service. Put a proxy before it that ends TLS. For others than this machine it needs a key.",
    ),
    "worker": LateCommand(
        "app.cli.worker:worker",
        "Work on evaluations and prediction jobs, on as many machines as wanted.",
    ),
    "migrate": LateCommand(
        "app.cli.migrate:migrate",
        "Bring the database to the newest migration. Several may start at once: one migrates.",
    ),
    "predict": LateCommand(
        "app.cli.predict:predict",
        "Predict records: a few now, or many as a job of the workers that is watched here until it ends.",
    ),
    "records": LateCommand("app.cli.records.records:commands", "Input objects and the truths about them."),
    "models": LateCommand("app.cli.models.models:commands", "Models, their versions, and which is live."),
    "evaluate": LateCommand("app.cli.evaluate:commands", "Evaluation runs and their reports."),
    "keys": LateCommand("app.cli.access.keys:commands", "The keys of callers."),
    "audit": LateCommand("app.cli.access.audit:audit", "Show who did what, the newest first."),
    "doctor": LateCommand(
        "app.cli.parts.doctor:doctor",
        "Look at all that the service needs, and say of each fault what to do about it.",
    ),
    "storage": LateCommand("app.cli.parts.storage:commands", "The S3 storage."),
    "sample": LateCommand("app.cli.parts.sample:commands", "The worked example."),
}


class _Commands(LateGroup):
    late = COMMANDS


commands = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its traceback of a bug would print local variables, secrets among them
)


@commands.callback()
def _about() -> None:
    """Predictions by record id from a hosted model, cached and evaluated in Postgres."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. What is wrong is said in one line on standard error, with exit code 1."""
    _require_text(sys.argv[1:] if arguments is None else arguments)
    try:
        commands(arguments)
    except SystemExit:  # how most end: they go without what the others need
        raise
    except _foreseen() as error:
        from app.cli.terminal.failures import told

        if (message := told(error)) is None:
            raise
        _fail(message)


def _foreseen() -> tuple[type[Exception], ...]:
    from app.cli.terminal.failures import FORESEEN  # what a failure is of takes as long as a short command

    return FORESEEN


def _require_text(arguments: Sequence[str]) -> None:
    """End where an argument cannot be decoded: Python hides its bytes in what no database and no URL takes.

    Only a file may be called anything.
    """
    for argument in arguments:
        readable = argument.encode("utf-8", "replace").decode()
        if readable != argument and not os.path.lexists(argument):
            _fail(f"The argument {readable!r} is not text in UTF-8.")


def _fail(message: str) -> None:
    typer.echo(f"Error: {message}", err=True)
    sys.exit(1)
