"""Waiting for the parts that a command needs: everything may start at the same time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from app.core.errors import BackendDown, StorageDown, Unavailable

PAUSE = 0.5
"""Seconds between two tries."""
SAY_AFTER, SAY_EVERY = 1.0, 10.0
"""Seconds after which it is said what is waited for, and between two times."""

AWAY: tuple[type[Exception], ...] = (BackendDown, StorageDown, Unavailable)

T = TypeVar("T")
Wait = Annotated[float, typer.Option(help="Seconds to wait for a part that is away.", min=0)]


async def patiently(work: Callable[[], Awaitable[T]], deadline: float) -> T:
    """Do ``work``, and again while a part it needs is away, until ``deadline`` (in monotonic time).

    Then the last failure, which names the part, is raised. ``work`` must be idempotent.
    """
    from app.db.engine import OUTAGES, is_outage

    say_at = time.monotonic() + SAY_AFTER
    while True:
        try:
            return await work()
        except AWAY + OUTAGES as error:
            away = isinstance(error, AWAY) or is_outage(error)
            if not away or time.monotonic() >= deadline:
                raise
            if (now := time.monotonic()) >= say_at:
                say_at = now + SAY_EVERY
                _say(error, deadline - now)
        await asyncio.sleep(PAUSE)


def _say(error: Exception, left: float) -> None:
    from app.cli.terminal.failures import told

    typer.echo(f"Waiting for up to {left:,.0f} s more: {told(error)}", err=True)
