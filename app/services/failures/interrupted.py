"""What becomes of the row behind a task that did not come to its end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from app.core.errors import AppError
from app.db.engine import OUTAGES, is_outage

TRIES, PAUSE = 3, 0.5
"""Of a note, and the seconds between two."""


def final_reason(error: BaseException, *, last: bool = False) -> str | None:
    """Why a task would fail again, in words for callers; None where another attempt may get over it.

    After the ``last`` one no platform is waited for any longer.
    """
    if isinstance(error, AppError):
        return None if error.retryable and not last else error.in_words
    if not isinstance(error, Exception) or (isinstance(error, OUTAGES) and is_outage(error)):
        return None
    return "The service failed; the worker's log says how."


async def _nothing() -> None:
    """For tasks that note nothing between two attempts."""


@asynccontextmanager
async def noted(
    fail: Callable[[str], Awaitable[None]],
    hand_back: Callable[[], Awaitable[None]] = _nothing,
    *,
    last: bool = False,
) -> AsyncIterator[None]:
    """Note what ends the work: ``fail`` with the reason where it would fail again, or where this was the
    ``last`` attempt that waits for a platform, else ``hand_back``.

    The error, a cancellation too, is raised on: the worker says what becomes of the task.
    """
    try:
        yield
    except BaseException as error:
        if (reason := final_reason(error, last=last)) is not None:
            await _surely(partial(fail, reason))
        else:
            await _surely(hand_back)
        raise


async def _surely(note: Callable[[], Awaitable[None]]) -> None:
    """Once more where that fails for an outage: what cut the work off has cut the pool's other connections,
    too, and an attempt that is not handed back counts as a worker's death."""
    for _ in range(TRIES - 1):
        try:
            await note()
        except OUTAGES as error:
            if not is_outage(error):
                raise
        else:
            return
        await asyncio.sleep(PAUSE)
    await note()
