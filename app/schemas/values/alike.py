"""Whether two outputs of a model are the same but for how numbers are computed."""

from pydantic import JsonValue

PRECISION = 1e-6
"""Share of a number, or of 1: models answer in single precision, and not always alike beside other rows."""


def alike(one: JsonValue, other: JsonValue) -> bool:
    """The same JSON, but that numbers may differ by their PRECISION."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or _near(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    return one == other


def _near(one: float, other: float) -> bool:
    try:
        return abs(one - other) <= PRECISION * max(1, abs(one), abs(other))
    except OverflowError:  # an integer may have more digits than a float can tell
        return False
