"""What pydantic finds wrong, in the words of our errors."""

from collections.abc import Iterable, Sequence

from pydantic_core import ErrorDetails

from app.core.errors import FieldError


def field_errors(found: Iterable[ErrorDetails], path: str = "") -> list[FieldError]:
    """One entry per fault, by dotted path: ``items[3].input.origin_lat``; ``path`` is where the value is."""
    return [
        FieldError(dotted(fault["loc"], path), fault["msg"].removeprefix("Value error, ")) for fault in found
    ]


def dotted(location: Sequence[int | str], path: str = "") -> str:
    """A place inside a value, as a caller would write it; the whole of an unplaced one is the input."""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".") or "input"
