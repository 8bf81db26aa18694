"""What pydantic would take for a time or a number by guessing, and is refused instead."""

from datetime import UTC, datetime
from decimal import Decimal
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


def in_utc_unless_said(moment: datetime) -> datetime:
    """A moment without an offset is one of UTC, whatever the zone of the server."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


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
