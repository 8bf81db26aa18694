"""The user's code off the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from pydantic import JsonValue

from app.core.errors import AppError
from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services.pipeline.code import to_outputs, to_rows
from app.services.use_case import UseCase

R = TypeVar("R")

THREADS = 32
"""Of the user's own: code that never ends takes none from the storage or from name resolution. Each caller's
items go by themselves. Together they would cost less, but one that hangs would hold all beside it."""
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="user-code")


class Stages:
    """Both stages of a use case, in threads."""

    def __init__(self, use_case: UseCase) -> None:
        self._use_case = use_case

    async def rows(self, payloads: Sequence[JsonValue], deployment: Deployment) -> list[Row | AppError]:
        """See ``to_rows``."""
        return await _aside(partial(to_rows, self._use_case, payloads, deployment))

    async def outputs(
        self, raw: Sequence[tuple[JsonValue, JsonValue]], deployment: Deployment
    ) -> list[JsonValue | AppError]:
        """See ``to_outputs``."""
        return await _aside(partial(to_outputs, self._use_case, raw, deployment)) if raw else []


async def _aside(work: Callable[[], R]) -> R:
    context = copy_context()  # what is logged bears the request's id
    return await asyncio.get_running_loop().run_in_executor(_threads, context.run, work)
