"""How long the stages of a prediction take, for who wants to see it."""

from collections.abc import Awaitable
from contextvars import ContextVar
from time import perf_counter
from typing import Final, TypeVar

T = TypeVar("T")

STAGES: Final[ContextVar[list[tuple[str, float]] | None]] = ContextVar("stages", default=None)
"""Set to a list, it is given the name and the seconds of each stage that ends: lookup, claim, preprocess,
inference, postprocess, store; wait, where another process computes it. In their order, and more than once
where it was done so. Whoever sets it sees the stages of flights that begin for it, not those of others."""


def timed(name: str, work: Awaitable[T]) -> Awaitable[T]:
    """``work``, to be awaited: noted as a stage where somebody wants to see them."""
    noted = STAGES.get()
    return work if noted is None else _timed(noted, name, work)


async def _timed(noted: list[tuple[str, float]], name: str, work: Awaitable[T]) -> T:
    began = perf_counter()
    try:
        return await work
    finally:
        noted.append((name, perf_counter() - began))
