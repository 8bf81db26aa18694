"""The line between our code and the user's: whatever theirs raises becomes one error that names it."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import structlog

from app.core.errors import AppError, Misconfigured, UserCodeError

log = structlog.get_logger(__name__)


@contextmanager
def user_code(name: str) -> Iterator[None]:
    """Raise UserCodeError, with the rest in the log, for what the function ``name`` raises.

    An AppError stays as it is: the user's code may say InvalidInput or BadOutput itself.
    """
    try:
        yield
    except AppError:
        raise
    # It runs in a thread, where no Ctrl-C and no cancellation arrives: whatever it raises is its own, be it
    # sys.exit(), asyncio's CancelledError or the panic of a library in Rust.
    except BaseException as error:
        log.error("user code failed", function=name, exc_info=error)
        raise UserCodeError(f"{name} raised {type(error).__name__}; the log has the rest.") from error


def user_module(name: str) -> ModuleType:
    """Import a module of the user's; Misconfigured says why it cannot be."""
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise Misconfigured(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
