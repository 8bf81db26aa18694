"""The line between our code and the user's: whatever theirs raises becomes one error that names it."""

import asyncio
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from types import ModuleType
from typing import ParamSpec, TypeVar

import structlog

from app.core.errors import AppError, Misconfigured, UserCodeError
from app.services.failures.threads import Threads

log = structlog.get_logger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

USER_THREADS = Threads("user-code", at_once=32, slow=0.5, most=512)
"""Of preprocess and postprocess: what never ends takes none from the storage or from name resolution."""
_OTHERS = Threads("user-code-beside", at_once=32, slow=0.5, most=512)
"""Of what checks records, and judges predictions: those go on while predictions hang."""
LONGEST = 3600.0
"""Seconds after which code that nobody has another limit for is given up."""
OF_REQUESTS = 60.0
"""The same for what a caller waits for over HTTP; an import has it for each few hundred lines."""
PATIENCE: ContextVar[float] = ContextVar("patience", default=LONGEST)
"""Which of both it is."""


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


async def aside(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run what calls the user's other code in a thread; UserCodeError where it does not end."""
    patience = PATIENCE.get()
    until = asyncio.get_running_loop().time() + patience
    try:
        return await _OTHERS.run(partial(function, *args, **kwargs), until=until)
    except TimeoutError as error:
        raise UserCodeError(f"The pipeline's code had not ended after {patience:g} seconds.") from error


def user_module(name: str) -> ModuleType:
    """Import a module of the user's; Misconfigured says why it cannot be."""
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise Misconfigured(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
