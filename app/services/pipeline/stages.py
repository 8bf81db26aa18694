"""The user's code off the event loop, for many callers at once."""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from pydantic import JsonValue

from app.core.errors import AppError
from app.core.joining import Joined
from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services.pipeline.code import to_outputs, to_rows
from app.services.use_case import UseCase

T = TypeVar("T")
R = TypeVar("R")

THREADS, ITEMS_AT_ONCE = 4, 256
"""Threads that run a stage of the user's code, and the most items of one call for several callers."""


class Stages:
    """The user's code, off the event loop. To hand something to a thread and back takes longer than most such
    code: what concurrent callers have for it goes there together."""

    def __init__(self, use_case: UseCase) -> None:
        self._use_case = use_case
        self._preprocess: Joined[_ForCode[JsonValue], list[Row | AppError]] = _joined(
            lambda values, deployment: to_rows(use_case, values, deployment)
        )
        self._postprocess: Joined[_ForCode[tuple[JsonValue, JsonValue]], list[JsonValue | AppError]] = (
            _joined(lambda values, deployment: to_outputs(use_case, values, deployment))
        )

    async def rows(self, payloads: Sequence[JsonValue], deployment: Deployment) -> list[Row | AppError]:
        """See ``to_rows``."""
        return await self._preprocess.ask(_ForCode(payloads, deployment, copy_context()))

    async def outputs(
        self, raw: Sequence[tuple[JsonValue, JsonValue]], deployment: Deployment
    ) -> list[JsonValue | AppError]:
        """See ``to_outputs``."""
        return await self._postprocess.ask(_ForCode(raw, deployment, copy_context())) if raw else []


class _ForCode(NamedTuple, Generic[T]):
    values: Sequence[T]
    deployment: Deployment
    context: Context
    """The caller's: what is logged for it alone bears its request's id."""


def _joined(
    function: Callable[[Sequence[T], Deployment], list[R | AppError]],
) -> Joined[_ForCode[T], list[R | AppError]]:
    async def work(given: Sequence[_ForCode[T]]) -> Sequence[list[R | AppError] | Exception]:
        return await asyncio.to_thread(_by_deployment, function, given)

    return Joined(work, goes=THREADS, most=ITEMS_AT_ONCE, size=lambda one: len(one.values))


def _by_deployment(
    function: Callable[[Sequence[T], Deployment], list[R | AppError]], given: Sequence[_ForCode[T]]
) -> list[list[R | AppError] | Exception]:
    """A result for each, of one call for those of the same deployment."""
    groups: dict[int, list[int]] = {}
    for index, one in enumerate(given):
        groups.setdefault(one.deployment.id, []).append(index)
    results: dict[int, list[R | AppError] | Exception] = {}
    for indexes in groups.values():
        values = [value for index in indexes for value in given[index].values]
        first, *others = [given[index] for index in indexes]
        context = Context() if others else first.context
        try:
            made = iter(context.run(function, values, first.deployment))
        except AppError as error:
            results |= dict.fromkeys(indexes, error)
        else:
            results |= {index: [*islice(made, len(given[index].values))] for index in indexes}
    return [results[index] for index in range(len(given))]
