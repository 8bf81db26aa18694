"""R5, R10 and R11: a key that is slow, load that is too much, callers that go away."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.chaos.conftest import Figure
from tests.chaos.load.callers import Called, Callers, p99
from tests.chaos.load.model import SLOWEST, slow_model
from tests.chaos.load.places import Place, calling, fill, held, numbered, paths

pytestmark = pytest.mark.chaos

FAULTY = ("-m", "tests.chaos.load.faulty")
CONCURRENCY, QUEUE, CALL = 8, 16, 0.2
CAPACITY = CONCURRENCY / CALL
"""Predictions a second that the model can make."""
MEGABYTE = 1_000_000


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    with slow_model(CALL, slow=8) as model:
        yield Place(database_url, model, tmp_path)


@dataclass(frozen=True)
class Overload:
    peak: float
    """Predictions a second when all callers wait their turn."""
    goodput: float
    calls: list[Called]
    beside: list[Called]
    """Hits and health checks meanwhile."""
    grown: int
    """Bytes."""

    @property
    def refused(self) -> list[Called]:
        return [call for call in self.calls if call.status != 200]

    @property
    def are_refused_well(self) -> bool:
        return all(one.status == 503 and one.retry_after and one.seconds <= 0.1 for one in self.refused)


async def overload(place: Place, seconds: int, **settings: object) -> Overload:
    """Five times the load that it can carry."""
    at_peak, beyond = int(CAPACITY * seconds), int(5 * CAPACITY * seconds)
    with place.service(inference_concurrency=CONCURRENCY, **settings) as service:
        await fill(service, numbered("p", at_peak) | numbered("o", beyond, first=10) | {"hit": 0.5})
        async with calling(service) as callers:
            await callers.post("/predict/hit")
            began = time.monotonic()
            await callers.in_turn(paths(numbered("p", at_peak)), callers=CONCURRENCY + QUEUE)
            peak = at_peak / (time.monotonic() - began)
            process = psutil.Process(service.process.pid)
            before, began = process.memory_info().rss, time.monotonic()
            beside = asyncio.create_task(look_on(callers, seconds))
            calls = await callers.steadily(paths(numbered("o", beyond)), rate=5 * CAPACITY)
            good = sum(call.status == 200 for call in calls) / (time.monotonic() - began)
            grown = process.memory_info().rss - before
            return Overload(peak, good, calls, await beside, grown)


async def look_on(callers: Callers, seconds: float) -> list[Called]:
    """A hit and a health check every tenth of a second."""
    found, end = list[Called](), time.monotonic() + seconds
    while time.monotonic() < end:
        found.append(await callers.post("/predict/hit"))
        found.append(await callers.get("/health/ready"))
        await asyncio.sleep(0.1)
    return found


async def test_r10_too_much_load(place: Place, figure: Figure) -> None:
    found = await overload(place, 15, inference_queue=QUEUE)
    share, slowest = found.goodput / found.peak, max(one.seconds for one in found.refused)
    figure("R10", "five times the load: goodput", "80% of peak", f"{share:.0%} of {found.peak:.0f}/s")
    statuses = dict(Counter(call.status for call in found.calls))
    figure("R10", "slowest refusal", "503 within 100 ms", f"{1000 * slowest:.0f} ms; {statuses}")
    figure("R10", "memory", "bounded", f"{found.grown / MEGABYTE:+.0f} MB")
    beside = dict(Counter(call.status for call in found.beside))
    figure("R10", "hits and health checks meanwhile", "all 200", str(beside))
    assert share >= 0.8
    assert found.are_refused_well
    assert found.grown < 50 * MEGABYTE
    assert beside.keys() == {200}


async def test_r10_without_a_limit_is_seen(place: Place) -> None:
    found = await overload(place, 4, inference_queue=1_000_000, predict_timeout=2)
    assert found.refused
    assert not found.are_refused_well


@dataclass(frozen=True)
class Beside:
    """Calls on other keys."""

    misses: list[Called]
    hits: list[Called]


async def others(callers: Callers, name: str, seconds: int) -> Beside:
    misses = callers.steadily(paths(numbered(name, 15 * seconds)), rate=15)
    hits = callers.steadily(["/predict/hit"] * 50 * seconds, rate=50)
    return Beside(*await asyncio.gather(misses, hits))


@dataclass(frozen=True)
class Slowly:
    """Other keys when it was quiet and then, the slow ones, and the most connections that were held."""

    quiet: Beside
    then: Beside
    slow: list[Called]
    held: int


async def one_slow_key(place: Place, *program: str, seconds: int) -> Slowly:
    with place.service(*program) as service:
        keys = numbered("q", 15 * seconds) | numbered("t", 15 * seconds, first=10)
        await fill(service, keys | {"hit": 0.5, "slow": SLOWEST})
        async with calling(service) as callers:
            await callers.post("/predict/hit")
            quiet = await others(callers, "q", seconds)
            slow = [asyncio.create_task(callers.post("/predict/slow")) for _ in range(100)]
            watching = asyncio.create_task(most_held(place, slow))
            then = await others(callers, "t", seconds)
            return Slowly(quiet, then, await asyncio.gather(*slow), await watching)


async def most_held(place: Place, calls: list["asyncio.Task[Called]"]) -> int:
    most = 0
    while not all(call.done() for call in calls):
        most = max(most, (await held(place.database_url)).connections)
        await asyncio.sleep(0.1)
    return most


async def test_r5_one_slow_key(place: Place, figure: Figure) -> None:
    found = await one_slow_key(place, seconds=7)
    for what in ("misses", "hits"):
        quiet, then = p99(getattr(found.quiet, what)), p99(getattr(found.then, what))
        told = f"{1000 * quiet:.0f} then {1000 * then:.0f} ms"
        figure("R5", f"p99 of other keys' {what}, quiet and then", "+50 ms at most", told)
        assert then <= quiet + 0.05
    figure("R5", "connections held during inference", "0", str(found.held))
    assert {call.status for call in (*found.slow, *found.then.misses, *found.then.hits)} == {200}
    assert found.held == 0


async def test_r5_a_connection_that_is_held_is_seen(place: Place) -> None:
    assert (await one_slow_key(place, *FAULTY, "hold-a-connection", seconds=3)).held > 0


async def go_away(callers: Callers, path: str, most: float) -> None:
    """Ask, and hang up at some moment."""
    try:
        async with asyncio.timeout(random.uniform(0, most)):
            await callers.post(path)
    except TimeoutError:
        pass


@dataclass(frozen=True)
class Left:
    """By callers that went away: connections, claims past their lease, and what comes of a call by now."""

    connections: int
    claims: int
    open: int
    status: int


async def gone_away(place: Place, calls: int, *program: str) -> Left:
    keys = numbered("k", calls)
    with place.service(*program, claim_lease=1) as service:
        await fill(service, keys | {"after": 0.5})
        async with calling(service) as callers:
            for start in range(0, calls, 50):
                some = [*keys][start : start + 50]
                await asyncio.gather(*(go_away(callers, path, 1.5 * CALL) for path in paths(some)))
            await asyncio.sleep(3)  # the lease, and more than a connection may be held
            after = await callers.post("/predict/after")
            found = await held(place.database_url)
        return Left(found.connections, found.claims, found.open, after.status)


async def test_r11_calls_that_are_cancelled(place: Place, figure: Figure) -> None:
    left = await gone_away(place, 1000)
    figure("R11", "1,000 calls cancelled: connections held", "0", f"{left.connections} of {left.open}")
    figure("R11", "claims past their lease", "0", str(left.claims))
    assert (left.connections, left.claims, left.status) == (0, 0, 200)
    assert left.open <= 11


async def test_r11_claims_that_are_left_are_seen(place: Place) -> None:
    assert (await gone_away(place, 50, *FAULTY, "forget-claims")).claims > 0
