"""Telling a server that is silent from an event loop that was too busy to hear it."""

import asyncio
from collections.abc import Callable

GRACE = 0.25
"""Seconds in which the loop has to have kept up with its timers before a silence counts. What has arrived
while it was busy is read in them."""


class Silence:
    """Calls ``cut`` after so many seconds, unless it is cancelled, and once the loop keeps up."""

    def __init__(self, seconds: float, cut: Callable[[], object]) -> None:
        self.is_over = False
        """Whether it was cut."""
        self.seconds = seconds
        self._loop, self._cut = asyncio.get_running_loop(), cut
        self._began = self._loop.time()
        self._timer = self._loop.call_later(seconds, self._wait)

    def shorten(self, seconds: float) -> None:
        """It has so many, from when it began, if that is less than before."""
        if seconds < self.seconds:
            self.cancel()
            self.seconds = seconds
            self._timer = self._loop.call_at(self._began + seconds, self._wait)

    def cancel(self) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        self._timer = self._loop.call_later(GRACE, self._end)

    def _end(self) -> None:
        if self._loop.time() - self._timer.when() > GRACE:
            self._wait()
            return
        self.is_over = True
        self._cut()
