"""Who waits for a leader that is killed or stopped has the one result soon after."""

import asyncio
import statistics
from collections.abc import Iterator, Sequence

import pytest

from tests.chaos.conftest import Figure
from tests.chaos.hosting.fleet import Fleet, register, store
from tests.chaos.hosting.leaders import INFERENCE, Fault, kill_all, leaders, stop_one
from tests.chaos.hosting.platform import options

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

KILLS, STOPS, AT_ONCE = 20, 30, 5
LATE = 1.0
"""Seconds."""


@pytest.fixture
def follower(fleet: Fleet) -> Iterator[str]:
    """The address of a process that nothing happens to, with a model and a record for each fault."""
    with fleet.replica() as replica:
        register(replica.url, "m", "1", options("one-1"))
        store(replica.url, {f"k{number}": number for number in range(KILLS + STOPS)})
        fleet.platform.seconds = INFERENCE
        yield replica.url


def killed(fleet: Fleet, follower: str, count: int, **variables: str) -> list[Fault]:
    found: list[Fault] = []
    while len(found) < count:
        with leaders(fleet, min(AT_ONCE, count - len(found)), **variables) as leading:
            found += asyncio.run(kill_all(fleet, follower, leading, len(found)))
    return found


def stopped(fleet: Fleet, follower: str, count: int, lease: float) -> list[Fault]:
    with leaders(fleet, 1, CLAIM_LEASE=str(lease)) as (leader,):
        return [
            asyncio.run(stop_one(fleet, follower, leader, KILLS + number, lease)) for number in range(count)
        ]


def spread(found: Sequence[Fault]) -> str:
    late = [fault.late for fault in found]
    extra = sum(fault.inferences - 1 for fault in found)
    return f"{extra} extra inferences, late by {statistics.median(late):.2f} s, at most {max(late):.2f} s"


def test_killed_and_stopped_leaders(fleet: Fleet, follower: str, figure: Figure) -> None:
    """Those that are killed have a lease of an hour: only their beacon tells."""
    kills = killed(fleet, follower, KILLS, CLAIM_LEASE="3600")
    stops = stopped(fleet, follower, STOPS, lease=1.0)
    wrongs = [wrong for fault in (*kills, *stops) for wrong in fault.wrongs]
    asked = "at most 1 extra inference per fault, 1 result, waiters at most 1 s late"
    measured = f"{KILLS} kills: {spread(kills)}; {STOPS} stops: {spread(stops)}; {len(wrongs)} wrong"
    figure("R2", "leader killed or stopped 50 times", asked, measured)
    assert not wrongs
    assert max(fault.late for fault in (*kills, *stops)) <= LATE


def test_behind_a_pooler_the_lease_tells(fleet: Fleet, follower: str, figure: Figure) -> None:
    """Without a beacon, so that this is also what the harness would see of one that is broken."""
    lease = 3.0
    found = killed(fleet, follower, 3, CLAIM_LEASE=str(lease), DATABASE_POOLER="true")
    figure("R2", "leader killed 3 times, no beacon", f"lease ({lease:.0f} s) + 1 s", spread(found))
    assert not [wrong for fault in found for wrong in fault.wrongs]
    assert LATE < max(fault.late for fault in found) <= lease + LATE
