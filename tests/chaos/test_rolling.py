"""R7: replicas are restarted one after the other, under load, behind a balancer that asks who is ready."""

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.chaos.conftest import Figure
from tests.chaos.load.callers import Called, Callers, session
from tests.chaos.load.model import slow_model
from tests.chaos.load.places import Place, fill, held, numbered
from tests.chaos.load.proxy import proxy
from tests.support.service import Service

pytestmark = pytest.mark.chaos

RATE = 20
"""Misses a second, and twice as many hits."""
KEYS = 10_000


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    with slow_model(0.3) as model:
        yield Place(database_url, model, tmp_path)


@dataclass(frozen=True)
class Replica:
    service: Service
    stack: ExitStack

    async def end(self, how: signal.Signals) -> None:
        """Send the signal, and wait until it is gone."""
        self.service.process.send_signal(how)
        await asyncio.to_thread(self.service.process.wait)
        self.stack.close()


async def replica(place: Place) -> Replica:
    stack = ExitStack()
    running = place.service(shutdown_delay=1, keep_alive=75)
    return Replica(await asyncio.to_thread(stack.enter_context, running), stack)


async def load(callers: Callers, end: asyncio.Event) -> list[Called]:
    """Two hits and a miss, again and again, whatever becomes of them."""
    calls = list[asyncio.Task[Called]]()
    for number in count():
        if end.is_set():
            break
        for path in ("/predict/hit", f"/predict/m{number}", "/predict/hit"):
            calls.append(asyncio.create_task(callers.post(path)))
        await asyncio.sleep(1 / RATE)
    return await asyncio.gather(*calls)


async def restarted(place: Place, times: int, how: signal.Signals) -> list[Called]:
    """The calls while two replicas are restarted in turn."""
    replicas = [await replica(place), await replica(place)]
    await fill(replicas[0].service, numbered("m", KEYS) | {"hit": 0.5})
    try:
        async with proxy(urls(replicas)) as front, session() as opened:
            end, callers = asyncio.Event(), Callers(opened, front.url)
            await callers.post("/predict/hit")
            calls = asyncio.create_task(load(callers, end))
            for _ in range(times):
                old = replicas.pop(0)
                await old.end(how)
                replicas.append(await replica(place))
                front.upstreams = urls(replicas)
            end.set()
            return await calls
    finally:
        for one in replicas:
            await one.end(signal.SIGTERM)


def urls(replicas: list[Replica]) -> list[str]:
    return [one.service.url for one in replicas]


async def test_r7_rolling_restarts(place: Place, figure: Figure) -> None:
    calls = await restarted(place, 20, signal.SIGTERM)
    statuses = Counter(call.status for call in calls)
    failed, left = len(calls) - statuses[200], await held(place.database_url)
    figure(
        "R7",
        "20 rolling restarts under load, behind a small balancer",
        "0 failed",
        f"{failed} of {len(calls)}",
    )
    figure("R7", "claims left by those that ended", "0", str(left.claims))
    assert dict(statuses) == {200: len(calls)}
    assert left.claims == 0


async def test_r7_a_kill_is_seen(place: Place) -> None:
    calls = await restarted(place, 2, signal.SIGKILL)
    assert any(call.status != 200 for call in calls)
