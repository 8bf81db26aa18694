"""Places in JSON, as callers write them."""

from collections.abc import Sequence

MOST_SHOWN = 100
"""Characters of a name: a place is told, and need not be found by it alone."""


def dotted(location: Sequence[int | str], path: str = "") -> str:
    """A place inside a value, ``items[3].input.origin_lat``; ``path`` is where the value is."""
    return "".join([path, *map(_step, location)]).removeprefix(".")


def _step(part: int | str) -> str:
    return f"[{part}]" if isinstance(part, int) else f".{shown(part)}"


def shown(text: str) -> str:
    """The text, or the beginning of a long one."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
