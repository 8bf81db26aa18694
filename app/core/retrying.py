"""Trying again, at no cost where the first try does it: tenacity takes 25 us to set out."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying

T = TypeVar("T")


async def retried(
    work: Callable[[], Awaitable[T]],
    passes: Callable[[Exception], bool],
    retrying: Callable[[], AsyncRetrying],
) -> T:
    """Do ``work``; where it fails for a reason that ``passes``, go on as ``retrying`` does after one try."""
    try:
        return await work()
    except Exception as error:
        if not passes(error):
            raise
        failed = [error]

    async def attempt() -> T:
        if failed:
            raise failed.pop()
        return await work()

    return await retrying()(attempt)
