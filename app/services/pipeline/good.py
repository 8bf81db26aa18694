"""Values that have an error in their place, where there is one."""

from collections.abc import Sequence
from typing import TypeVar

from app.core.errors import AppError

T = TypeVar("T")
R = TypeVar("R")


def good(values: Sequence[T | AppError]) -> list[T]:
    return [value for value in values if not isinstance(value, AppError)]


def spread(before: Sequence[T | AppError], after: Sequence[R]) -> list[R | AppError]:
    """Put the results of the good values, errors too, back into their places between the errors of before."""
    results = iter(after)
    return [value if isinstance(value, AppError) else next(results) for value in before]
