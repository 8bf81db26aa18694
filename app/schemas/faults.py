"""What pydantic finds wrong, in the words of our errors."""

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.core.errors import FieldError
from app.core.places import dotted

MOST_LOOKED_AT = 10_000
"""Faults of one value: pydantic lists all at once, at 2 ms a thousand, and nothing else runs meanwhile."""
INPUT = "input"
"""The place of an unplaced fault: the whole."""


def faults_of(error: ValidationError, path: str = "", *, whole: str = INPUT) -> list[FieldError]:
    """One entry per fault, by dotted path: ``items[3].input.origin_lat``; ``path`` is where the value is.

    What is wrong with all of it is told of the ``whole``. Of very many there is one for all.
    """
    if (count := error.error_count()) > MOST_LOOKED_AT:
        return [FieldError(path or whole, f"has {count} faults, too many to be listed")]
    return field_errors(error.errors(include_url=False, include_input=False), path, whole=whole)


def field_errors(found: Iterable[ErrorDetails], path: str = "", *, whole: str = INPUT) -> list[FieldError]:
    """The same of faults that are there one by one."""
    return [
        FieldError(dotted(fault["loc"], path) or whole, fault["msg"].removeprefix("Value error, "))
        for fault in found
    ]
