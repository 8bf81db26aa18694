"""Durations that can be taken in one way only: ISO 8601, or a number of seconds."""

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from app.schemas.values.guesses import no_truth_value

T = TypeVar("T")
_SOME = r"\d+(?:[.,]\d{1,6})?"
_PARTS = "".join(f"(?:{_SOME}{unit})?" for unit in "YWD")
_CLOCK = "".join(f"(?:{_SOME}{unit})?" for unit in "HMS")
ISO = re.compile(rf"[+-]?P(?=[\dT]){_PARTS}(?:T(?=\d){_CLOCK})?", re.ASCII)
"""Without months, which have no length. A year is 365 days: pydantic writes 400 days as P1Y35D."""
SECONDS = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
MICROSECOND = Decimal("0.000001")
WRONG = (
    "must be a duration such as PT1H30M or P10D, without months and with six decimals at most,"
    " or a number of seconds"
)
FINER = "must have no part of a microsecond: give six decimals at most"
LONGER = "must be at most 999,999,999 days"


def plain_duration(value: T) -> T | str:
    """A number of seconds, as text too, in ISO 8601; other text as it is, where it is that already.

    It stays text, so that of several choices of a type the one that a number or a text is of itself wins.
    """
    no_truth_value(value)
    if isinstance(value, str) and not SECONDS.fullmatch(value):
        if not ISO.fullmatch(value):
            raise ValueError(WRONG)
        return value
    return _in_seconds(str(value)) if isinstance(value, str | int | float | Decimal) else value


def _in_seconds(written: str) -> str:
    try:
        seconds = Decimal(written)
        rounded = seconds.quantize(MICROSECOND)
        timedelta(microseconds=int(rounded.scaleb(6)))
    except (InvalidOperation, OverflowError, ValueError) as error:  # ValueError: not a number
        raise ValueError(LONGER) from error
    if rounded != seconds:
        raise ValueError(FINER)
    return f"{'-' if rounded < 0 else ''}PT{abs(rounded):f}S"
