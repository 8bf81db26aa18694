"""An end to the user's code: what hangs is given up before its callers are, and alone."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

import structlog

from app.core.errors import AppError, NotInTime, UserCodeError
from app.services.failures.threads import NotBegun
from app.services.failures.user_code import USER_THREADS
from app.services.inference import landing_time

log = structlog.get_logger(__name__)
T = TypeVar("T")
R = TypeVar("R")
StageWork: TypeAlias = Callable[[Sequence[T]], list[R | AppError]]

ALONE, GIVEN_UP = 1 / 3, 2 / 3
"""Of the time that is left for several items: after so much of it each is tried alone, beside all together,
and after so much those that hang are given up, so that there is time for the others."""


@dataclass(frozen=True)
class Time:
    """What the callers have, in the loop's time."""

    begin: float
    end: float


@dataclass(frozen=True)
class _Limit:
    """Of each item. ``is_late``: what came before had taken more than half of the time."""

    stage: str
    seconds: float
    is_late: bool


async def within(time: Time, stage: str, work: StageWork[T, R], values: Sequence[T]) -> list[R | AppError]:
    """What ``work`` makes of the values, in order; in place of each that takes too long a UserCodeError, or
    NotInTime if others had taken its time.

    Each caller's values go by themselves: together they would cost less, but what hangs would hold all.
    """
    left = max(0.0, time.end - asyncio.get_running_loop().time())
    is_late = left < (time.end - time.begin) / 2
    if len(values) > 1:
        return await _together(_Limit(stage, left * GIVEN_UP, is_late), work, values, left * ALONE)
    limit = _Limit(stage, left - landing_time(left), is_late)
    return [await _alone(limit, work, value) for value in values]


async def _together(
    limit: _Limit, work: StageWork[T, R], values: Sequence[T], patience: float
) -> list[R | AppError]:
    """In one call; if it has not ended after ``patience`` seconds in one for each, too, whichever ends."""
    together = asyncio.create_task(USER_THREADS.run(partial(work, values)))
    alone: asyncio.Future[list[R | AppError]] | None = None
    try:
        await asyncio.wait([together], timeout=patience)
        if together.done():
            return together.result()
        log.warning("user code takes long, each item is tried alone", function=limit.stage, items=len(values))
        alone = asyncio.gather(*(_alone(limit, work, value, patience) for value in values))
        await asyncio.wait([together, alone], return_when=asyncio.FIRST_COMPLETED)
        return together.result() if together.done() else alone.result()
    finally:
        together.cancel()
        if alone is not None:
            alone.cancel()


async def _alone(limit: _Limit, work: StageWork[T, R], value: T, spent: float = 0) -> R | AppError:
    until = asyncio.get_running_loop().time() + limit.seconds - spent
    try:
        [result] = await USER_THREADS.run(partial(work, [value]), until=until)
        return result
    except NotBegun:
        return NotInTime(f"There was no thread for {limit.stage}: calls that have not ended hold all.")
    except TimeoutError:
        if limit.seconds > 0:
            log.error("user code given up", function=limit.stage, seconds=round(limit.seconds, 1))
    if limit.is_late or limit.seconds <= 0:
        return NotInTime(f"There was no time left for {limit.stage}.")
    return UserCodeError(f"{limit.stage} had not ended after {limit.seconds:.3g} seconds.")
