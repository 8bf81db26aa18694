"""A model of minutes: one invocation for each record, however many ask, and whoever is killed meanwhile."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.settings import Settings
from app.local.s3 import S3Server
from app.schemas.models import NewVersion
from app.schemas.records.records import RecordWrite
from app.services.models import versions
from app.services.records import records
from app.services.runtime import open_runtime
from tests.chaos.conftest import Figure
from tests.chaos.hosting.later import LONGEST, Fleet, kept
from tests.support.async_endpoint import AsyncEndpoint, async_endpoint
from tests.support.orders import FEATURES, order
from tests.support.use_case import TRANSIT

pytestmark = pytest.mark.chaos

SECONDS = float(os.environ.get("LATER_SECONDS", "60"))
"""That the model takes; 600 for the real thing."""
ASKS, RECORDS, KILLS = 1000, 100, 50
PERIOD = max(0.9 * SECONDS, 4.0 * KILLS)
"""Seconds in which it is asked; a process that is struck takes some to be there again."""
FORGETS_TICKETS = """
import random
from app.db.operations import working
notes = working.note_ticket
async def forgets(*given, **more):
    return random.random() < 0.5 or await notes(*given, **more)
working.note_ticket = forgets
"""


@dataclass(frozen=True)
class Outcome:
    """How many invocations there were, how often one was begun again, and what was there in the end."""

    invocations: int
    begun_again: int
    states: dict[str, int]
    stored: tuple[int, int]
    wrong: int
    kills: dict[str, int]
    said: dict[int, int]

    @property
    def is_frugal(self) -> bool:
        """Whether invocations were paid for once, but for those that a killed worker had no time to note:
        rows come one by one here, so that it has hardly more than one in its hands."""
        records = sum(self.states.values())
        return records <= self.invocations <= records + self.kills.get("worker", 0)


@pytest.fixture
def endpoint(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsyncEndpoint]:
    with async_endpoint(server, tmp_path, monkeypatch, delay=SECONDS, concurrency=1000) as endpoint:
        yield endpoint


async def prepare(settings: Settings, ids: dict[str, float]) -> None:
    async with open_runtime(settings) as runtime:
        new = NewVersion(
            version="1",
            backend="sagemaker",
            options={"endpoint_name": "later", "asynchronous": {}},
            features=list(FEATURES),
            promote=True,
        )
        await versions.register(runtime.sessions, TRANSIT, runtime.inference, "transit", new)
        items = [RecordWrite(id=one, input=order(ratio)) for one, ratio in ids.items()]
        await records.put_many(runtime.sessions, TRANSIT, items)


async def run(
    endpoint: AsyncEndpoint, fleet: Fleet, *, asks: int, count: int, kills: int, seconds: float
) -> Outcome:
    """Ask for a while, kill for as long and until the first answers come, and see what there is."""
    ids = {f"r{number}": float(number + 1) for number in range(count)}
    await prepare(fleet.settings, ids)
    async with kept(fleet):
        await asyncio.gather(fleet.ask_for_all([*ids], asks, seconds), fleet.kill(kills, seconds * 1.2))
        answers = await fleet.until_all_are_there([*ids], SECONDS)
    operations, stored = await fleet.operations(), await fleet.stored()
    states = [state for state, _ in operations]
    return Outcome(
        endpoint.taken,
        sum(attempts - 1 for _, attempts in operations),
        {state: states.count(state) for state in set(states)},
        stored,
        sum(answer != 10 * ratio for answer, ratio in zip(answers, ids.values(), strict=True)),
        dict(fleet.kills),
        dict(fleet.said),
    )


@pytest.mark.timeout(2 * SECONDS + 2 * PERIOD + 2 * LONGEST)
async def test_each_record_costs_one_invocation_over_kills(
    endpoint: AsyncEndpoint, settings: Settings, tmp_path: Path, figure: Figure
) -> None:
    fleet = Fleet(settings, tmp_path)
    found = await run(endpoint, fleet, asks=ASKS, count=RECORDS, kills=KILLS, seconds=PERIOD)
    figure(
        "R17",
        f"{ASKS} asks on {RECORDS} records of a model of {SECONDS:.0f} s, {KILLS} kills of services, workers",
        f"{RECORDS} invocations, nothing lost",
        f"{found.invocations} invocations, {found.begun_again} begun again; {found.states},"
        f" {found.stored[0]} rows of {found.stored[1]} records, {found.wrong} wrong; kills {found.kills},"
        f" answers {found.said}",
    )
    assert (found.states, found.stored, found.wrong) == ({"done": RECORDS}, (RECORDS, RECORDS), 0)
    assert found.is_frugal


@pytest.mark.timeout(4 * LONGEST)
async def test_the_harness_sees_what_is_paid_for_twice(
    server: S3Server, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with async_endpoint(server, tmp_path, monkeypatch, delay=3, concurrency=1000) as endpoint:
        fleet = Fleet(settings, tmp_path, fault=FORGETS_TICKETS)
        found = await run(endpoint, fleet, asks=40, count=20, kills=0, seconds=2)
        assert (found.states, found.wrong, found.is_frugal) == ({"done": 20}, 0, False)
