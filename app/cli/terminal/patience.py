"""Waiting for the parts that a command needs: everything may start at the same time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from app.core.errors import BackendDown, StorageDown, Unavailable

PAUSE = 0.5
"""Seconds between two tries."""

AWAY: tuple[type[Exception], ...] = (BackendDown, StorageDown, Unavailable)

T = TypeVar("T")
Wait = Annotated[float, typer.Option(help="Seconds to wait for a part that is away.", min=0)]


async def patiently(work: Callable[[], Awaitable[T]], deadline: float) -> T:
    """Do ``work``, and again while a part it needs is away, until ``deadline`` (in monotonic time).

    Then the last failure, which names the part, is raised. ``work`` must be idempotent.
    """
    from app.db.engine import OUTAGES, is_outage

    while True:
        try:
            return await work()
        except AWAY + OUTAGES as error:
            away = isinstance(error, AWAY) or is_outage(error)
            if not away or time.monotonic() >= deadline:
                raise
        await asyncio.sleep(PAUSE)
