"""Leaders that are killed or stopped while they infer, and who waits for them."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.chaos.hosting.callers import LOST, Caller, Said
from tests.chaos.hosting.fleet import Fleet, Replica

INFERENCE = 0.5
"""Seconds that the model takes."""
PATIENCE = 20.0
"""Seconds for what should take a moment."""


@dataclass(frozen=True)
class Fault:
    """What became of one content whose leader met a fault. ``late``: seconds that who waited for it waited
    longer than for an inference from the fault on, and than the fault allows."""

    key: str
    waiter: Said
    leader: Said
    inferences: int
    late: float

    @property
    def wrongs(self) -> list[str]:
        """What may not be, but for the lateness."""
        told = {_told(one) for one in (self.waiter, self.leader) if one.status != LOST}
        found = [] if self.waiter.status == 200 else [f"{self.key}: the waiter had {self.waiter.status}"]
        if len(told) != 1:
            found.append(f"{self.key}: {len(told)} results")
        if self.inferences > 2:
            found.append(f"{self.key}: {self.inferences} inferences")
        return found


def _told(said: Said) -> object:
    return (said.json["prediction"], said.json["computed_at"]) if said.status == 200 else said.status


@contextmanager
def leaders(fleet: Fleet, count: int, **variables: str) -> Iterator[list[Replica]]:
    """So many at once: most of a start is waiting for the others' CPU."""
    with ExitStack() as stack:
        replicas = [stack.enter_context(fleet.begun(**variables)) for _ in range(count)]
        for replica in replicas:
            fleet.wait_for(replica)
        yield replicas


async def kill_all(fleet: Fleet, follower: str, leading: Sequence[Replica], first: int) -> list[Fault]:
    """Each leads a content of its own, which the follower waits for as well, and is killed."""
    return await asyncio.gather(
        *(_meet(fleet, follower, one, first + number, None, 0) for number, one in enumerate(leading))
    )


async def stop_one(fleet: Fleet, follower: str, leader: Replica, number: int, lease: float) -> Fault:
    """It leads a content, is stopped for longer than its lease or not, and goes on."""
    stopped = random.choice((0.3, 2.0)) * lease
    return await _meet(fleet, follower, leader, number, stopped, lease)


async def _meet(
    fleet: Fleet, follower: str, leader: Replica, number: int, stopped: float | None, lease: float
) -> Fault:
    key, row = f"k{number}", f"{float(number)}"
    async with Caller(leader.url) as first, Caller(follower) as second:
        leading = asyncio.create_task(first.post(f"/predict/{key}"))
        await _until_inferring(fleet, row)
        waiting = asyncio.create_task(second.post(f"/predict/{key}"))
        await asyncio.sleep(random.uniform(0.1, 0.3))
        began = time.monotonic()
        if stopped is None:
            leader.process.kill()
        else:
            await _stop(leader, stopped)
        led, waited = await asyncio.wait_for(asyncio.gather(leading, waiting), PATIENCE)
    allowed = INFERENCE if stopped is None else INFERENCE + min(stopped, lease)
    late = waited.ended - began - allowed
    return Fault(key, waited, led, fleet.platform.inferred["one-1", row], late)


async def _stop(leader: Replica, seconds: float) -> None:
    os.kill(leader.process.pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    os.kill(leader.process.pid, signal.SIGCONT)


async def _until_inferring(fleet: Fleet, row: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not fleet.platform.inferred["one-1", row]:  # noqa: ASYNC110 - it is another thread's
            await asyncio.sleep(0.005)
