"""Waiting for what happens in the background."""

import asyncio
from collections.abc import Callable

TIMEOUT = 60.0
"""Seconds: a bound for what hangs, which no slow machine reaches; never a measurement."""


async def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; fail after TIMEOUT seconds."""
    async with asyncio.timeout(TIMEOUT):
        while not condition():  # noqa: ASYNC110 - the conditions are another thread's or process's
            await asyncio.sleep(0.01)
