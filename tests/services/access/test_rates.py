"""A key gets its requests per second from all replicas together, and no more."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress

import pytest

from app.core.errors import TooManyRequests
from app.core.settings import Settings
from app.db.access import limits
from app.db.direct import Direct, Statement
from app.db.engine import Database, open_database
from app.schemas.access.callers import ITSELF, Caller
from app.services.access import rates
from app.services.access.keys import NewKey
from app.services.access.rates import RequestRates
from tests.support.callers import caller_with

RATE = 40.0
SECONDS = 1.5


@pytest.fixture
async def replicas(settings: Settings) -> AsyncIterator[Sequence[Database]]:
    """What four processes have of one database."""
    async with AsyncExitStack() as opened:
        made = [open_database(settings) for _ in range(4)]
        for one in made:
            opened.push_async_callback(one.aclose)
        yield made


def limited(name: str, rate: float | None) -> NewKey:
    return NewKey(name, ["read"], requests_per_second=rate)


async def flood(at: RequestRates, who: Caller, until: float, *, pause: float = 0.0005) -> int:
    """How many got through of those that asked one after the other."""
    let_through = 0
    while time.monotonic() < until:
        with suppress(TooManyRequests):
            if not at.at_once(who):
                await at.admit(who)
            let_through += 1
        await asyncio.sleep(pause)
    return let_through


async def test_all_replicas_together_keep_to_the_rate(
    replicas: Sequence[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    take = limits.take_requests

    async def counted(direct: Direct, wanted: dict[int, int]) -> dict[int, limits.Granted]:
        nonlocal asked
        asked += 1
        return await take(direct, wanted)

    monkeypatch.setattr(limits, "take_requests", counted)
    who, other = (
        await caller_with(replicas[0], limited("a", RATE)),
        await caller_with(replicas[0], limited("b", 10_000)),
    )
    at = [RequestRates(one.direct, patience=10) for one in replicas]
    began = time.monotonic()
    until = began + SECONDS
    floods = [flood(one, who, until) for one in at for _ in range(3)]
    *counts, of_other = await asyncio.gather(*floods, flood(at[0], other, until, pause=0.01))
    lasted = time.monotonic() - began
    assert RATE + RATE * SECONDS / 2 < sum(counts) <= RATE + RATE * lasted
    assert of_other > 20, "another key is not slowed"
    assert asked < 4 * 2 * SECONDS / rates.AHEAD + 40, "a flood costs the database next to nothing"


async def test_a_second_s_worth_may_come_at_once_and_then_its_rate(replicas: Sequence[Database]) -> None:
    who = await caller_with(replicas[0], limited("a", 0.5))
    at = [RequestRates(one.direct, patience=10) for one in replicas]
    await at[0].admit(who)
    with pytest.raises(TooManyRequests) as refused:
        await at[1].admit(who)
    assert 1 <= (refused.value.retry_after or 0) <= 2
    assert refused.value.detail == "'a' may make 0.5 requests a second."
    assert not at[0].at_once(who)


async def test_who_is_below_its_rate_seldom_asks(
    replicas: Sequence[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await caller_with(replicas[0], limited("a", 100_000))
    at, asked = RequestRates(replicas[0].direct, patience=10), 0
    fetch = Direct.fetch

    async def counted(self: Direct, statement: Statement, values: dict[str, object]) -> object:
        nonlocal asked
        asked += 1
        return await fetch(self, statement, values)

    monkeypatch.setattr(Direct, "fetch", counted)
    let_through = await flood(at, who, time.monotonic() + 0.5, pause=0)
    assert let_through > 500
    assert asked < let_through / 20


async def test_all_who_wait_get_what_there_is(replicas: Sequence[Database]) -> None:
    who = await caller_with(replicas[0], limited("a", 20))
    at = RequestRates(replicas[0].direct, patience=10)
    said = await asyncio.gather(*(at.admit(who) for _ in range(50)), return_exceptions=True)
    assert said.count(None) in range(20, 23)
    assert all(one is None or isinstance(one, TooManyRequests) for one in said)


async def test_a_limit_that_was_lifted_holds_nobody(replicas: Sequence[Database]) -> None:
    who = await caller_with(replicas[0], limited("a", None))
    at = RequestRates(replicas[0].direct, patience=10)
    await at.admit(Caller("a", who.scopes, who.key_id, requests_per_second=0.001))
    assert at.at_once(ITSELF)


async def test_without_the_database_nobody_is_let_through(
    replicas: Sequence[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await caller_with(replicas[0], limited("a", 1))

    async def away(*_: object) -> None:
        raise OSError

    at = RequestRates(replicas[0].direct, patience=10)
    with monkeypatch.context() as patched:
        patched.setattr(limits, "take_requests", away)
        said = await asyncio.gather(*(at.admit(who) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in said] == [OSError] * 5
    await at.admit(who)
