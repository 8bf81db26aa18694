"""Whether a call that failed is made again, and when."""

import asyncio
from collections.abc import Callable, Sequence

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from app.core.errors import AppError, BackendAway, BackendThrottled, NotInTime
from app.services.hosting.open_backends import OpenBackend

MAX_ATTEMPTS = 4
"""Calls for one chunk while the platform is failing; while it throttles, only the deadline ends them."""
FIRST_WAIT, LONGEST_WAIT = 0.1, 8.0
"""Seconds: the ceiling of the random wait before the second call, doubled for each one after, and its end."""
BACK_OFF: Callable[[RetryCallState], float] = wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)
"""Seconds before the next call, beside those that the platform asks for."""
RETRY_AFTER = 1.0
"""Seconds a caller is told to wait where a throttling platform says nothing."""


def may_pass(error: BaseException) -> bool:
    """Whether another call may get over it."""
    return isinstance(error, AppError) and error.retryable and not isinstance(error, NotInTime | BackendAway)


def is_worth_it(opened: OpenBackend, failed: Sequence[AppError]) -> bool:
    """Whether another call is, after those that ``failed``."""
    if isinstance(failed[-1], BackendThrottled):
        return True
    return len(failed) < MAX_ATTEMPTS and opened.breaker.failures <= len(failed)


def retrying(opened: OpenBackend, deadline: float, failed: Sequence[AppError]) -> AsyncRetrying:
    """The tries for one chunk, of which some have ``failed``. ``deadline`` is in the loop's time.

    A failure is tried again if it is alone: where others have failed since the last answer it is an outage,
    which more calls do not mend. That, and a budget, bound what an outage costs. A platform that throttles is
    there, and says when to come back: of it only the deadline has enough.
    """
    loop = asyncio.get_running_loop()

    def is_late(state: RetryCallState) -> bool:
        return loop.time() + state.upcoming_sleep >= deadline

    def give_up(state: RetryCallState) -> bool:
        if is_late(state) or not is_worth_it(opened, failed):
            return True
        return not (isinstance(failed[-1], BackendThrottled) or opened.retries.take())

    def last_word(state: RetryCallState) -> AppError:
        error = _error(state)
        if isinstance(error, BackendThrottled):
            return BackendThrottled(error.detail, retry_after=error.retry_after or RETRY_AFTER)
        if len(failed) >= MAX_ATTEMPTS or not is_late(state):
            return error
        return NotInTime(f"There was no time for another try. {error.detail}", retry_after=error.retry_after)

    return AsyncRetrying(
        retry=retry_if_exception(may_pass), wait=_wait, stop=give_up, retry_error_callback=last_word
    )


def _error(state: RetryCallState) -> AppError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, AppError), "only those are retried"
    return error


def _wait(state: RetryCallState) -> float:
    return (_error(state).retry_after or 0) + BACK_OFF(state)
