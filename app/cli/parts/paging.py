"""Lists that have pages, as far as a command is asked for them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
MOST = 1000
"""Of one page."""


class Page(Protocol[T_co]):
    """What the services give of a list."""

    @property
    def items(self) -> Sequence[T_co]: ...

    @property
    def next_cursor(self) -> str | None: ...


async def up_to(
    limit: int, page: Callable[[int, str | None], Awaitable[Page[T]]]
) -> tuple[list[T], str | None]:
    """At most so many, and the cursor of what comes after them; ``page`` is given a limit and a cursor."""
    found, cursor = list[T](), None
    while True:
        read = await page(min(MOST, limit - len(found)), cursor)
        found += read.items
        cursor = read.next_cursor
        if cursor is None or len(found) >= limit:
            return found, cursor
