"""Cursors: where a page of a list ended, as one opaque text that callers hand back."""

import base64
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from app.core import strict_json
from app.core.errors import FieldError, InvalidInput

T = TypeVar("T")
R = TypeVar("R")


class Cursor(Generic[T]):
    """The cursors of one list: ``places`` are what its rows are sorted by, its key included."""

    def __init__(self, name: str, places: TypeAdapter[T]) -> None:
        """``name`` tells the list's cursors from those of the others."""
        self._name, self._places = name, places

    def encode(self, place: T) -> str:
        text = strict_json.canonical([self._name, self._places.dump_python(place, mode="json")])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def decode(self, cursor: str | None) -> T | None:
        """The place, None for the first page; InvalidInput for what no page of this list handed out."""
        if not cursor:
            return None
        try:
            text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True)
            match strict_json.parse(text):
                case [str(), held]:
                    place = self._places.validate_python(held)
                    if self.encode(place) == cursor:  # what was handed out, to the letter
                        return place
        except (ValueError, InvalidInput) as error:
            raise _not_ours() from error
        raise _not_ours()

    def cut(self, found: Sequence[R], limit: int, place: Callable[[R], T]) -> tuple[Sequence[R], str | None]:
        """The page, and the cursor of the next one if more than ``limit`` rows were found."""
        items = found[:limit]
        return items, self.encode(place(items[-1])) if len(found) > limit else None


def _not_ours() -> InvalidInput:
    fault = FieldError("cursor", "pass next_cursor unchanged")
    return InvalidInput("The cursor is not one of ours.", errors=[fault])
