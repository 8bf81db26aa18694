"""One inference for a content, whoever asks, and whatever becomes of who computes it."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest
import uvloop

from tests.chaos.conftest import Figure
from tests.chaos.hosting.callers import Caller, Said
from tests.chaos.hosting.fleet import Fleet, register, store
from tests.chaos.hosting.platform import Platform, options

pytestmark = pytest.mark.chaos

PROCESSES, KEYS, ROUNDS = 4, 10_000, 2
CONNECTIONS = 24
"""To each process."""
TOGETHER = 100
"""Keys that are asked for in the same moments, in another order at each process."""


class Contended:
    """What came of asking every process for every key, at the same time and more than once."""

    def __init__(self, said: Sequence[tuple[str, Said]], platform: Platform, seconds: float) -> None:
        self.requests, self.seconds = len(said), seconds
        self.errors = [answer for _, answer in said if answer.status != 200]
        told: dict[str, set[tuple[object, object]]] = defaultdict(set)
        for key, answer in said:
            if answer.status == 200:
                told[key].add((answer.json["prediction"], answer.json["computed_at"]))
        self.differing = sum(len(answers) > 1 for answers in told.values())
        self.duplicates = platform.inferred.total() - len(platform.inferred)
        self.inferred = len(platform.inferred)

    def __str__(self) -> str:
        return (
            f"{self.requests:,} requests in {self.seconds:.0f} s: {self.duplicates} duplicate inferences, "
            f"{len(self.errors)} errors, {self.differing} differing answers"
        )


def contend(fleet: Fleet, keys: int, *, codes: Sequence[str]) -> Contended:
    """A process for each of ``codes``, the name of the code that it says it runs."""
    with ExitStack() as stack:
        replicas = [stack.enter_context(fleet.begun(PIPELINE_VERSION=code)) for code in codes]
        for replica in replicas:
            fleet.wait_for(replica)
        register(replicas[0].url, "m", "1", options("one-1"))
        store(replicas[0].url, {f"k{number}": number for number in range(keys)})
        began = time.monotonic()
        said = uvloop.run(_ask_all([replica.url for replica in replicas], keys))
        return Contended(said, fleet.platform, time.monotonic() - began)


async def _ask_all(urls: Sequence[str], keys: int) -> list[tuple[str, Said]]:
    said: list[tuple[str, Said]] = []

    async def work(url: str, left: Iterator[str]) -> None:
        async with Caller(url) as caller:
            for key in left:
                said.append((key, await caller.post(f"/predict/{key}")))

    async with asyncio.TaskGroup() as group:
        for url in urls:
            left = iter(_shuffled(keys))
            for _ in range(CONNECTIONS):
                group.create_task(work(url, left))
    return said


def _shuffled(keys: int) -> list[str]:
    """Every key ROUNDS times, near to where the other processes have it."""
    order: list[str] = []
    for start in range(0, keys, TOGETHER):
        part = [f"k{number}" for number in range(start, min(keys, start + TOGETHER))] * ROUNDS
        order += random.sample(part, len(part))
    return order


@pytest.mark.timeout(900)
def test_contended_keys_are_inferred_once(fleet: Fleet, figure: Figure) -> None:
    found = contend(fleet, KEYS, codes=["same"] * PROCESSES)
    what = f"{KEYS:,} contended keys, {PROCESSES} processes, {KEYS * ROUNDS * PROCESSES:,} requests"
    figure("R1", what, "0 duplicate inferences, 0 errors, 0 differing answers", str(found))
    assert found.requests == KEYS * ROUNDS * PROCESSES
    assert (found.inferred, found.duplicates) == (KEYS, 0)
    assert not found.errors
    assert found.differing == 0


def test_processes_that_share_nothing_are_seen(fleet: Fleet) -> None:
    """Broken on purpose: each process has a key of its own for the same content."""
    found = contend(fleet, 100, codes=[f"code-{number}" for number in range(PROCESSES)])
    assert found.duplicates == 100 * (PROCESSES - 1)
    assert found.differing == 100
