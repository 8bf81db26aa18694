"""Replicas that are restarted one after the other, and calls meanwhile."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Self

from pydantic import JsonValue

from tests.chaos.load.callers import Called, Callers
from tests.chaos.load.places import Place
from tests.support.orders import order
from tests.support.service import Service

RATE = 20
"""Misses and writes a second, and twice as many hits."""
KEYS = 10_000
"""Records for the misses, ``m0`` and so on."""


@dataclass(frozen=True)
class Replica:
    service: Service
    stack: ExitStack

    @classmethod
    async def begun(cls, place: Place, port: int | None = None) -> Self:
        stack = ExitStack()
        running = replace(place, port=port).service(shutdown_delay=1, keep_alive=75)
        return cls(await asyncio.to_thread(stack.enter_context, running), stack)

    async def end(self, how: signal.Signals) -> None:
        """Send the signal, and wait until it is gone."""
        self.service.process.send_signal(how)
        await asyncio.to_thread(self.service.process.wait)
        self.stack.close()


@asynccontextmanager
async def replicas(place: Place, count: int) -> AsyncIterator[list[Replica]]:
    """So many; what the list has in the end is ended."""
    begun = await asyncio.gather(*(Replica.begun(place) for _ in range(count)))
    try:
        yield begun
    finally:
        await asyncio.gather(*(one.end(signal.SIGTERM) for one in begun))


@asynccontextmanager
async def load(callers: Callers) -> AsyncIterator[list[Called]]:
    """Two hits, a miss and a write, again and again, whatever becomes of them; the calls come at its end."""
    await callers.post("/predict/hit")
    end, found = asyncio.Event(), list[Called]()
    calling = asyncio.create_task(_call(callers, end))
    try:
        yield found
    finally:
        end.set()
        found += await calling


async def _call(callers: Callers, end: asyncio.Event) -> list[Called]:
    calls = list[asyncio.Task[Called]]()
    for number in count():
        if end.is_set():
            break
        for path in ("/predict/hit", f"/predict/m{number}", "/predict/hit"):
            calls.append(asyncio.create_task(callers.post(path)))
        written: JsonValue = [{"id": f"w{number}", "input": order(0.5)}]
        calls.append(asyncio.create_task(callers.post("/records", written)))
        await asyncio.sleep(1 / RATE)
    return await asyncio.gather(*calls)
