"""The user's code off the event loop, and for no longer than its callers wait."""

import asyncio
from collections.abc import Sequence
from functools import partial
from math import inf
from typing import cast

from pydantic import JsonValue

from app.core.errors import AppError
from app.schemas.hosting.deployments import Deployment
from app.schemas.payloads import Sendable
from app.schemas.rows import Row
from app.services.pipeline.code import to_outputs, to_rows
from app.services.pipeline.limits import StageWork, Time, within
from app.services.use_case import UseCase


class Stages:
    """Both stages of a use case, in threads, each for ``seconds`` at most, however long its callers wait: a
    model may take an hour, code that does has not ended."""

    def __init__(self, use_case: UseCase, seconds: float = inf) -> None:
        self._use_case, self._seconds = use_case, seconds
        self.make_payloads = use_case.makes_payloads

    async def rows(
        self, payloads: Sequence[JsonValue], deployment: Deployment, time: Time
    ) -> list[Sendable | AppError]:
        """See ``to_rows``; an error, too, in place of what preprocess has not made in time."""
        work = partial(to_rows, self._use_case, deployment=deployment)
        # mypy does not find the type of a result that is itself one of several.
        made = await within(
            self._of_code(time), "preprocess", cast(StageWork[JsonValue, Row], work), payloads
        )
        return cast(list[Sendable | AppError], made)

    async def outputs(
        self, raw: Sequence[tuple[JsonValue, JsonValue]], deployment: Deployment, time: Time
    ) -> list[JsonValue | AppError]:
        """See ``to_outputs``; an error, too, in place of what postprocess has not made in time."""
        work = partial(to_outputs, self._use_case, deployment=deployment)
        return await within(self._of_code(time), "postprocess", work, raw)

    def _of_code(self, time: Time) -> Time:
        """What a stage that begins now has of its callers' time."""
        now = asyncio.get_running_loop().time()
        return time if time.end - now <= self._seconds else Time(now, now + self._seconds)
