"""A serverless variant: environments that start at the first call and are given up when nobody calls."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.local.endpoint.config import Pause
from app.local.endpoint.errors import EndpointError

KEPT_SECONDS = 300.0
"""How long an idle environment stays; AWS gives no number."""
MAX_BODY_BYTES = 4 * 1024**2
"""Of a request, SageMaker's limit."""


@dataclass(frozen=True)
class ServerlessLimits:
    """Of one variant; ``provisioned`` environments are always there."""

    max_concurrency: int
    provisioned: int
    cold_start_seconds: float


class Environments:
    """Those of one variant. Each answers one call at a time."""

    def __init__(self, limits: ServerlessLimits, pause: Pause) -> None:
        self._limits, self._pause = limits, pause
        self._busy, self._idle, self._used = 0, 0, time.monotonic()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """One of them. ThrottlingException, whose message is null at AWS too, where all are in use."""
        if self._busy >= self._limits.max_concurrency:
            raise EndpointError(400, "ThrottlingException", None)
        warm = self._warm()
        self._idle = max(0, warm - 1)
        self._busy += 1
        try:
            if not warm:
                await self._pause(self._limits.cold_start_seconds)
            yield
        finally:
            self._busy -= 1
            self._idle, self._used = self._idle + 1, time.monotonic()

    def _warm(self) -> int:
        """Idle ones that need no start."""
        idle = self._idle if time.monotonic() - self._used < KEPT_SECONDS else 0
        return max(idle, self._limits.provisioned - self._busy)
