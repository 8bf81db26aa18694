"""Numbers of JSON that a double cannot hold: their digits are kept until the type of their field is known."""

import math
from decimal import Decimal, InvalidOperation

ALWAYS_EXACT = 15
"""Characters of a number that can have no digit too many for a double."""


class LongNumber(float):
    """A double that prints the number it was read from, so that a Decimal made of it is that number."""

    text: str

    def __str__(self) -> str:
        return self.text


def number(text: str) -> float | int:
    """A number of JSON with a point or an exponent: exact, a LongNumber, or infinite if too large."""
    value = float(text)
    if len(text) <= ALWAYS_EXACT and "e" not in text and "E" not in text:
        return value
    if not math.isfinite(value):
        return value
    try:
        exact = Decimal(text)
    except InvalidOperation:  # an exponent beyond those of Decimal; the type of its field will say
        return _long(value, text)
    if exact == Decimal(repr(value)):
        return value
    if exact == exact.to_integral_value():
        return int(exact)
    return _long(value, text)


def _long(value: float, text: str) -> LongNumber:
    kept = LongNumber(value)
    kept.text = text
    return kept
