"""A circuit breaker: a platform that only fails is left alone, but for a call now and then."""

import random
import time
from collections.abc import Callable

import structlog

from app.core.errors import AppError, BackendAway

log = structlog.get_logger(__name__)

ENOUGH = 10
"""Failures in a row, with no answer to anybody in between, that open it."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 5.0
"""Seconds until one call is let through as a trial: at first, doubled with each that fails, and at most."""
SPREAD = 0.2
"""The share by which a pause is longer or shorter at random, so that processes do not try all at once."""


class Breaker:
    """One of a model version in a process. ``names`` tell in the log whose it is.

    What counts is whether the platform answers at all: rows that it refuses, and throttling, are answers.
    While it is open nothing is sent. After each pause one call is: if that is answered, all are again.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, **names: str) -> None:
        self._now, self._names = now, names
        self.failures = 0
        """In a row."""
        self._pause = FIRST_PAUSE
        self._opened_at: float | None = None
        self._tries_at = 0.0
        self._why = ""

    @property
    def is_open(self) -> bool:
        """Whether it leaves the platform alone, but for trials."""
        return self._opened_at is not None

    def refusal(self) -> BackendAway | None:
        """Why nothing is sent now, and for how long; None where a call would be."""
        left = self._tries_at - self._now()
        if self._opened_at is None or left <= 0:
            return None
        said = f"{self._why} It failed {self.failures} times in a row, and is not called for a moment."
        return BackendAway(said.lstrip(), retry_after=left)

    def admit(self) -> float:
        """When the call that may be made now began; to be given back if it fails. Raises BackendAway."""
        if (refusal := self.refusal()) is not None:
            raise refusal
        if self._opened_at is not None:  # a trial: the next is made after a pause, whatever becomes of this
            self._tries_at = self._now() + self._next_pause(0)
        return self._now()

    def answered(self) -> None:
        """The platform has said something to somebody."""
        if self._opened_at is not None:
            log.info("platform answers again", seconds=round(self._now() - self._opened_at, 1), **self._names)
        self.failures, self._opened_at, self._pause = 0, None, FIRST_PAUSE

    def failed(self, error: AppError, began: float) -> None:
        """A call ended without an answer."""
        self.failures, self._why = self.failures + 1, error.detail
        if self._opened_at is None and self.failures >= ENOUGH:
            log.warning("platform fails, and is not called", failures=self.failures, **self._names)
            self._opened_at = self._now()
            self._tries_at = self._opened_at + self._next_pause(error.retry_after or 0)
        elif self._opened_at is not None and began >= self._opened_at:  # a trial
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self._tries_at = self._now() + self._next_pause(error.retry_after or 0)

    def _next_pause(self, asked: float) -> float:
        """Seconds; no less than the platform asks for, within bounds."""
        return max(min(asked, LONGEST_PAUSE), self._pause * random.uniform(1 - SPREAD, 1 + SPREAD))
