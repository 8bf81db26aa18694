"""An endpoint that is down for a minute: what it is sent, and what callers are told meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.chaos.conftest import Figure
from tests.chaos.hosting.callers import Said
from tests.chaos.hosting.fleet import Fleet, register, store
from tests.chaos.hosting.outage import Load, Outage
from tests.chaos.hosting.platform import options

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

PROCESSES, SECONDS = 2, 60.0
HITS, STALE, MISSES, FALLEN = "hit", "stale", "miss", "fallen"
RECORDS = {HITS: 50, STALE: 50, MISSES: 4000, FALLEN: 1000}
NEVER_OPENS = """
from app.services import inference
from app.services.hosting import breaker, retries, retry_budget
breaker.ENOUGH = 10**9
retry_budget.RetryBudget.take = lambda budget: True
inference.is_worth_it = retries.is_worth_it = lambda opened, failed: len(failed) < retries.MAX_ATTEMPTS
"""


@dataclass
class Run:
    """An outage of the live version's endpoint, under four kinds of load."""

    outage: Outage
    misses: Load
    hits: Load
    stale: Load
    fallen: Load

    @property
    def opened(self) -> float:
        """When the last of the processes did, in seconds; infinite where one has not."""
        found = self.outage.opened(self.misses)
        return max(found.values()) if len(found) == PROCESSES else float("inf")

    @property
    def ratio(self) -> float:
        """Invocations for each request that was sent before all were open."""
        return self.outage.called("two-2", self.opened) / max(1, self.outage.sent(self.misses, self.opened))


def run(fleet: Fleet, seconds: float, *, fault: str = "") -> Run:
    with ExitStack() as stack:
        replicas = [stack.enter_context(fleet.begun(fault=fault)) for _ in range(PROCESSES)]
        for replica in replicas:
            fleet.wait_for(replica)
        urls = [replica.url for replica in replicas]
        prepare(urls[0])
        made = Run(
            Outage(fleet.platform, frozenset({"two-2", "three-3", "four-4"})),
            Load(paths(MISSES), 20),
            Load(paths(HITS), 3),
            Load(paths(STALE, "?model=s"), 2, {"Cache_Control": "stale-if-error"}, amid=True),
            Load(paths(FALLEN, "?model=f"), 2, amid=True),
        )
        loads = (made.misses, made.hits, made.stale, made.fallen)
        asyncio.run(made.outage.pass_by(urls, loads, seconds))
    return made


def paths(kind: str, query: str = "") -> list[str]:
    return [f"/predict/{kind}{number}{query}" for number in range(RECORDS[kind])]


def prepare(url: str) -> None:
    """Of the model s version 1 has answered what may be stale; that of f is the fallback of version 2."""
    values = [f"{kind}{number}" for kind, count in RECORDS.items() for number in range(count)]
    store(url, {name: number for number, name in enumerate(values)})
    register(url, "m", "1", options("two-2"))
    asyncio.run(_predict(url, paths(HITS)))
    register(url, "s", "1", options("one-1"))
    asyncio.run(_predict(url, paths(STALE, "?model=s")))
    register(url, "s", "2", options("four-4"))
    register(url, "f", "1", options("one-1"))
    register(url, "f", "2", options("three-3", fallback_version="1"))


async def _predict(url: str, wanted: Sequence[str]) -> None:
    load = Load(wanted, 1)
    end = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run(url, iter([*wanted, *wanted[:1]]), end))
        while len(load.said) < len(wanted):  # noqa: ASYNC110 - a load has no event
            await asyncio.sleep(0.01)
        end.set()
    assert {one.status for _, one in load.said} == {200}


def versions(said: Sequence[Said]) -> Counter[tuple[int, object, str]]:
    return Counter(
        (one.status, one.json["version"] if one.status == 200 else None, one.cache) for one in said
    )


def test_an_endpoint_is_down_for_a_minute(fleet: Fleet, figure: Figure) -> None:
    made = run(fleet, SECONDS)
    outage = made.outage
    hits, stale, fallen = (outage.during(load) for load in (made.hits, made.stale, made.fallen))
    refused = [one.seconds for one in outage.during(made.misses) if one.status == 503]
    asked = "at most 1.1 invocations per request before it opens (within 2 s), hits 100% served"
    figure(
        "R9",
        f"endpoint down for {SECONDS:.0f} s",
        f"{asked}; stale and fallback answers where chosen",
        f"{made.ratio:.2f} invocations per request until all were open after {made.opened:.2f} s, "
        f"{outage.called('two-2', SECONDS)} in all for {len(outage.during(made.misses)):,} requests; "
        f"{sum(one.status == 200 for one in hits):,} of {len(hits):,} hits served; "
        f"{_share(stale, '1', 'STALE')} stale, {_share(fallen, '1', '')} by the fallback; "
        f"well {outage.well_after(made.misses):.1f} s after its end",
    )
    assert made.opened <= 2
    assert made.ratio <= 1.1
    assert {one.status for one in hits} == {200}
    assert set(versions(stale)) == {(200, "1", "STALE")}, versions(stale)
    assert {(status, version) for status, version, _ in versions(fallen)} == {(200, "1")}, versions(fallen)
    assert refused
    assert outage.well_after(made.misses) <= 7


def _share(said: Sequence[Said], version: str, cache: str) -> str:
    good = [one for one in said if one.status == 200 and one.json["version"] == version]
    good = [one for one in good if cache in ("", one.cache)]
    return f"{len(good):,} of {len(said):,}"


def test_a_breaker_that_never_opens_and_retries_without_a_budget_are_seen(fleet: Fleet) -> None:
    """Broken on purpose: as the service was before it had either."""
    made = run(fleet, 5.0, fault=NEVER_OPENS)
    assert made.opened == float("inf")
    assert made.ratio > 2
