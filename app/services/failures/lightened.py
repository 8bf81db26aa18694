"""Errors that keep nothing but their words."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import AppError


@contextmanager
def lightened() -> Iterator[None]:
    """What is raised here as ours is ``lighten``-ed."""
    try:
        yield
    except AppError as error:
        lighten(error)
        raise


def lighten(error: BaseException | None) -> None:
    """Take from an error, and from those it came of, the places that they came through.

    The variables there hold what the error is about: a platform's answer or a caller's body of megabytes, and
    what was made of it. Errors are kept, for retries and for other callers, and lie in circles of references
    then, for which Python seldom looks.
    """
    while error is not None:
        error.__traceback__ = None
        if isinstance(error, json.JSONDecodeError):
            error.doc = ""
        elif isinstance(error, UnicodeDecodeError):
            error.object = b""
        error = error.__cause__ or error.__context__
