"""Callers around an outage of a platform: what they asked, and what they were told."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.chaos.hosting.callers import Caller, Said
from tests.chaos.hosting.platform import Platform

PAUSE = 0.05
"""Seconds of rest between two requests of a caller."""
BEFORE, AFTER = 2.0, 8.0
"""Seconds of load around the outage."""
AWAY = b"problem:backend-away"


@dataclass
class Load:
    """A kind of request, by so many callers at each process."""

    paths: Sequence[str]
    callers: int
    headers: dict[str, str] = field(default_factory=dict)
    amid: bool = False
    """Begins with the outage, so that nothing of it was answered before."""
    said: list[tuple[str, Said]] = field(default_factory=list)
    """By the address of the process."""

    def shares(self, urls: Sequence[str]) -> list[tuple[str, Iterator[str]]]:
        """What each process is asked: no two are asked for the same, or they would share one failure."""
        return [(url, itertools.cycle(self.paths[at :: len(urls)])) for at, url in enumerate(urls)]

    async def run(self, url: str, left: Iterator[str], end: asyncio.Event) -> None:
        async with Caller(url) as caller:
            while not end.is_set():
                self.said.append((url, await caller.post(next(left), **self.headers)))
                await asyncio.sleep(PAUSE)


@dataclass
class Outage:
    """``began`` and ``ended`` are of time.monotonic."""

    platform: Platform
    endpoints: frozenset[str]
    began: float = 0.0
    ended: float = 0.0

    async def pass_by(self, urls: Sequence[str], loads: Sequence[Load], seconds: float) -> None:
        end = asyncio.Event()
        async with asyncio.TaskGroup() as group:

            def begin(load: Load) -> None:
                for url, left in load.shares(urls):
                    for _ in range(load.callers):
                        group.create_task(load.run(url, left, end))

            for load in loads:
                if not load.amid:
                    begin(load)
            await asyncio.sleep(BEFORE)
            self.began, self.platform.down = time.monotonic(), self.endpoints
            for load in loads:
                if load.amid:
                    begin(load)
            await asyncio.sleep(seconds)
            self.ended, self.platform.down = time.monotonic(), frozenset()
            await asyncio.sleep(AFTER)
            end.set()

    def opened(self, misses: Load) -> dict[str, float]:
        """By process, when its first request was refused without a call, in seconds after it began."""
        found: dict[str, float] = {}
        for url, one in misses.said:
            if AWAY in one.body:
                found[url] = min(found.get(url, one.ended - self.began), one.ended - self.began)
        return found

    def sent(self, misses: Load, until: float) -> int:
        """Requests that were sent to the platform, and failed there, from its beginning on."""
        return sum(
            1
            for _, one in misses.said
            if self.began <= one.ended and one.began <= self.began + until and one.status == 502
        )

    def called(self, endpoint: str, until: float) -> int:
        """Calls that an endpoint refused within so many seconds."""
        return sum(1 for name, at in self.platform.refused if name == endpoint and at <= self.began + until)

    def during(self, load: Load) -> list[Said]:
        """What began and ended within it."""
        return [one for _, one in load.said if self.began <= one.began and one.ended <= self.ended]

    def well_after(self, misses: Load) -> float:
        """Seconds after its end until the last request failed."""
        failed = [one.ended for _, one in misses.said if one.status != 200]
        return max(0.0, max(failed, default=0.0) - self.ended)
