"""No change that was acknowledged is missing from a prediction that was asked for afterwards."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack

import pytest
import uvloop

from tests.chaos.conftest import Figure
from tests.chaos.hosting.callers import Caller, Said
from tests.chaos.hosting.fleet import Fleet, register, store
from tests.chaos.hosting.platform import options
from tests.chaos.hosting.races import Lane

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

RACES, LANES = 10_000, 20
DEAF = """
from app.services.predictions.memory import Memory
Memory.heard = lambda self, changed: None
"""


def race(fleet: Fleet, count: int, *, fault: str = "", **variables: str) -> list[Lane]:
    """So many changes at two processes, each amid predictions by both."""
    with ExitStack() as stack:
        replicas = [stack.enter_context(fleet.begun(fault=fault, **variables)) for _ in range(2)]
        for replica in replicas:
            fleet.wait_for(replica)
        urls = [replica.url for replica in replicas]
        names = [f"m{number}" for number in range(LANES)]
        store(urls[0], dict.fromkeys(names, 1))
        for name in names:
            register(urls[0], name, "2", options("two-2"))
            register(urls[0], name, "1", options("one-1"))
        return uvloop.run(_run(urls, names, count))


async def _run(urls: Sequence[str], names: Sequence[str], count: int) -> list[Lane]:
    async with AsyncExitStack() as stack:
        lanes = []
        for name in names:
            callers = [await stack.enter_async_context(Caller(url)) for url in (*urls, *urls)]
            lanes.append(Lane(name, callers))
        await asyncio.gather(*(_lane(lane, count // len(names)) for lane in lanes))
    return lanes


async def _lane(lane: Lane, count: int) -> None:
    await lane.callers[0].post(lane.path)
    for _ in range(count):
        await _race(lane)
        lane.races += 1


async def _race(lane: Lane) -> None:
    before, asked_at = lane.now, time.time()
    method, path, body, after = lane.next_change()
    changer, beside, *_ = random.sample(lane.callers, 2)
    changed, met = await asyncio.gather(changer.ask(method, path, body), _after_a_moment(beside, lane.path))
    assert changed.status in (200, 204), (method, path, changed)
    lane.met += met.began < changed.ended and changed.began < met.ended
    lane.check(met, [before, after], "amid a change")
    lane.states.append(after)
    later = await asyncio.gather(*(caller.post(lane.path) for caller in lane.callers[:2]))
    for one in later:
        lane.check(one, [after], f"after {method} {path}")
    if "refresh" in path:
        lane.check(changed, [after], "a refresh")
        lane.check_refresh(changed, asked_at, later)


async def _after_a_moment(caller: Caller, path: str) -> Said:
    await asyncio.sleep(random.choice((0, 0.001, 0.003, 0.006)))
    return await caller.post(path)


def test_no_answer_is_stale(fleet: Fleet, figure: Figure) -> None:
    began = time.monotonic()
    lanes = race(fleet, RACES)
    stale, races, met = (
        [one for lane in lanes for one in lane.stale],
        _sum(lanes, "races"),
        _sum(lanes, "met"),
    )
    what = f"{races:,} races of update, promotion, roll-back and refresh against predict"
    took = time.monotonic() - began
    figure("R6", what, "0 stale answers", f"{len(stale)} stale answers; {met:,} met; {took:.0f} s")
    assert races == RACES
    assert met > RACES / 2
    assert not stale, stale[:5]


def _sum(lanes: Sequence[Lane], name: str) -> int:
    return sum(getattr(lane, name) for lane in lanes)


def test_a_memory_that_hears_of_no_change_is_seen(fleet: Fleet) -> None:
    """Broken on purpose."""
    lanes = race(fleet, 200, fault=DEAF, MEMORY_RECORDS="1000", MEMORY_SECONDS="5")
    assert len([one for lane in lanes for one in lane.stale]) > 10
