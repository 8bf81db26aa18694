"""``python -m app``: one file per resource, each imported when a command of it is asked for."""

import os
import sys
from collections.abc import Sequence

from app.cli.program.listed import COMMANDS

__all__ = ["COMMANDS", "main"]
COMPLETE = "_APP_COMPLETE"
"""The variable by which a shell asks what could come next."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. What is wrong is said in one line on standard error; ``exits`` has the exit codes."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    _open_what_is_closed()
    if given == ["--help"] and COMPLETE not in os.environ:
        _print_listing()
        sys.exit()
    _require_text(given)
    from app.cli.program.moved import as_now
    from app.cli.program.program import run

    try:
        run(as_now(given), COMPLETE)
    except SystemExit:  # how most end: they go without what the others need
        raise
    except _foreseen() as error:
        from app.cli.terminal.failures import exit_code, told

        if (message := told(error)) is None:
            raise
        _fail(message, exit_code(error))


def _open_what_is_closed() -> None:
    """A shell can start a program without them (`<&-`), and nothing that reads and writes expects that."""
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY), encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _print_listing() -> None:
    from app.cli.program.listing import listing

    try:
        sys.stdout.write(f"{listing()}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # as of `| head`; nor is there anybody for what Python has left to write
        _write_no_more()
    except OSError as error:
        _write_no_more()
        _fail(f"The help cannot be written: {error.strerror}.")


def _write_no_more() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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


def _fail(message: str, code: int = 1) -> None:
    sys.stderr.write(f"Error: {message}\n")
    sys.exit(code)
