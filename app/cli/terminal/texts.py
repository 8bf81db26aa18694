"""Numbers and texts as a table has them."""

import math
from collections.abc import Sequence

DIGITS = 4
"""That a measured number has at least: an estimate from a few hundred records does not have more."""
MOST = 1e15
"""From here on, and below LEAST, a number has an exponent."""
LEAST = 1e-4


def in_digits(cells: Sequence[float | None], *, is_name: bool = False) -> list[str]:
    """Whole numbers with all digits, others with four that count, and points below each other.

    ``is_name``: of ids, which have no commas between thousands. None is an empty text.
    """
    texts = ["" if cell is None else _text(cell, is_name=is_name) for cell in cells]
    longest = max((_after_point(text) for text in texts), default=0)
    return [text + " " * (longest - _after_point(text)) if text else text for text in texts]


def _after_point(text: str) -> int:
    """Places after the whole ones, the point with them."""
    _, point, rest = text.partition(".")
    return len(point) + len(rest)


def _text(cell: float, *, is_name: bool) -> str:
    if isinstance(cell, int):
        return str(cell) if is_name else f"{cell:,}"
    size = abs(cell)
    if size == 0:
        return "0"
    if not LEAST <= size < MOST:
        return f"{cell:.{DIGITS}g}"
    decimals = DIGITS - 1 - math.floor(math.log10(size))
    return f"{cell:,.{max(decimals, 0)}f}"


def on_one_line(text: str) -> str:
    """What could break a line or steer a terminal is a ?: a slice is named by what a record holds."""
    return "".join(one if one.isprintable() else "?" for one in text)
