"""How many calls may be made again: a bounded share of them, so that an outage does not double the load."""

import time
from collections.abc import Callable

SHARE = 0.1
"""Of a retry that each answered call pays for."""
FEW = 3.0
"""Retries that are saved up at most, and there are to begin with."""
PER_SECOND = 0.1
"""Of a retry that comes by itself, for a model that is seldom called."""


class RetryBudget:
    """That of a model version in a process."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._left, self._counted_at = now, FEW, now()

    def answered(self) -> None:
        """A call had its answer."""
        self._left = min(FEW, self._left + SHARE)

    def take(self) -> bool:
        """Spend a retry, if there is one left."""
        now = self._now()
        self._left = min(FEW, self._left + PER_SECOND * (now - self._counted_at))
        self._counted_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
