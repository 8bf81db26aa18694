"""What becomes of the row behind a task that did not come to its end."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.core.errors import AppError
from app.db.engine import OUTAGES, is_outage


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
            await fail(reason)
        else:
            await hand_back()
        raise
