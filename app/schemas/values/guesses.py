"""What pydantic would take for a time or a number by guessing, and is refused instead."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, TypeAlias, TypeVar

from pydantic import BeforeValidator, JsonValue

from app.core.exact_numbers import LongNumber

T = TypeVar("T")
Raw: TypeAlias = object
"""A value out of JSON, a URL or a CSV's cell, not looked at yet."""

EXAMPLES = {
    "datetime": "a time such as 2024-02-29T15:30:00Z",
    "date": "a day such as 2024-02-29",
    "time": "a time of day such as 15:30:00",
}


def no_number_for(kind: str, value: T) -> T:
    """The value, unless it is a number where a time is due: pydantic takes 20231105 for a day of 1970."""
    if isinstance(value, int | float | Decimal) or (isinstance(value, str) and _is_number(value)):
        raise ValueError(f"must be {EXAMPLES[kind]}; what a number stands for would be a guess")
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def no_number_for_a_time(value: T) -> T:
    """See ``no_number_for``."""
    return no_number_for("datetime", value)


def no_truth_value(value: T) -> T:
    """The value, unless it is true or false."""
    if isinstance(value, bool):
        raise ValueError("must be a number; true and false are none")
    return value


def exact_number(value: T) -> T:
    """The value, unless it is text that only programmers call a number (1_234), or true or false."""
    no_truth_value(value)
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        raise ValueError("must be a number of the digits 0 to 9, with nothing between them")
    return value


def finite_number(value: T) -> T:
    """See ``exact_number``; and text is no number that a double takes for infinity (1e400)."""
    exact_number(value)
    if isinstance(value, str) and _is_number(value) and math.isinf(float(value)) and "n" not in value.lower():
        raise ValueError("must be a number that a double holds, up to 1.7e308")
    return value


def whole_number(value: T) -> T:
    """The value, unless it is a number that a double rounds to a whole one (1.0000000000000000000001)."""
    if isinstance(value, LongNumber):
        raise ValueError(f"must be a whole number, not {value}")
    return value


def of_its_kind(choices: Sequence[object], value: T) -> T:
    """The value, unless the choices that equal it are of another kind: true is no 1, and 1 is not true."""
    if not isinstance(value, int | float):
        return value
    equal = [one for one in choices if isinstance(one, int | float | Decimal) and one == value]
    if equal and isinstance(value, bool) not in [isinstance(one, bool) for one in equal]:
        no_truth_value(value)
        raise ValueError("must be true or false; a number is neither")
    return whole_number(value) if equal and all(isinstance(one, int) for one in equal) else value


def as_decimal(value: T) -> T | Decimal:
    """A number of more digits than a double holds as a Decimal, where that is one of several choices."""
    if not isinstance(value, LongNumber):
        return value
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{value} has an exponent beyond those of decimals") from error


LONGEST_OFFSET = timedelta(hours=16)
"""Postgres reads those below it."""


def storable_moment(moment: datetime) -> datetime:
    """A moment that Postgres can read; one without an offset is of UTC, whatever the zone of the server."""
    if (offset := moment.utcoffset()) is None:
        return moment.replace(tzinfo=UTC)
    if abs(offset) >= LONGEST_OFFSET:
        raise ValueError("must have an offset of less than 16 hours")
    in_utc(moment)
    return moment


def in_utc(moment: datetime) -> datetime:
    """The moment by the clock of UTC, where it has a year that can be written."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie in the years 1 to 9999 in UTC") from error


def no_long_number(value: T) -> T:
    """The value, unless it holds a number that is kept with fewer digits than it was given."""
    if isinstance(value, LongNumber):
        raise ValueError(f"{value} has more digits than a number keeps: give it as text")
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        no_long_number(one)
    return value


MOST_CONDITIONS = 100
"""Fields that one ``where`` may name."""

WantedValue: TypeAlias = Annotated[JsonValue, BeforeValidator(no_long_number)]
"""The value that a field of the records asked for has."""
