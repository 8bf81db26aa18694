"""The line between our code and the user's: whatever theirs raises becomes one error that names it."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from app.core.errors import AppError, UserCodeError

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
    except Exception as error:
        log.error("user code failed", function=name, exc_info=error)
        raise UserCodeError(f"{name} raised {type(error).__name__}; the log has the rest.") from error
