"""Errors that keep nothing but their words."""

import json


def lighten(error: BaseException | None) -> None:
    """Take from an error, and from those it came of, the places that they came through.

    The variables there hold what the error is about: a platform's answer or a caller's body of megabytes, and
    what was made of it. Errors are kept, for retries and for other callers, and lie in circles of references
    then, for which Python seldom looks. A context manager cannot do this: contextlib puts the places back.
    """
    while error is not None:
        error.__traceback__ = None
        if isinstance(error, json.JSONDecodeError):
            error.doc = ""
        elif isinstance(error, UnicodeDecodeError):
            error.object = b""
        error = error.__cause__ or error.__context__


def without_causes(error: BaseException) -> None:
    """The same, for an error whose causes have been told where they were met, and are too long to keep."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
