"""Rows of several callers in one call: when they go, and whose the outcomes are."""

import asyncio
from collections.abc import Sequence

import pytest
from pydantic import JsonValue

from app.core.errors import BackendDown
from app.schemas.payloads import Payload
from app.schemas.rows import Row
from app.services.hosting.gathering import Gathering
from app.services.hosting.outcomes import InferenceOutcome, Inferred
from tests.support.eventually import TIMEOUT

FAR = 3600.0
"""Seconds: a delay that no test waits for."""


class Platform:
    """Answers each row with its first cell, once it is let."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[Row], float]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def send(self, rows: Sequence[Row], deadline: float) -> list[InferenceOutcome]:
        self.calls.append(([*rows], deadline))
        await self.may_answer.wait()
        return [Inferred(row[0], "r1", 1.0) for row in rows]


@pytest.fixture
def platform() -> Platform:
    return Platform()


async def outcomes(
    found: "asyncio.Future[list[InferenceOutcome]] | asyncio.Task[list[InferenceOutcome]]",
) -> list[JsonValue]:
    return [
        one.output if isinstance(one, Inferred) else None for one in await asyncio.wait_for(found, TIMEOUT)
    ]


def call(
    gathering: Gathering, platform: Platform, *values: int, deadline: float = 1.0
) -> "asyncio.Task[list[InferenceOutcome]]":
    return asyncio.create_task(gathering.send([[value] for value in values], deadline, platform.send))


async def test_who_comes_within_the_delay_goes_along(platform: Platform) -> None:
    gathering = Gathering(delay=0.01, most=64)
    calls = [call(gathering, platform, number, number + 100) for number in range(3)]
    assert [await outcomes(one) for one in calls] == [[0, 100], [1, 101], [2, 102]]
    assert [rows for rows, _ in platform.calls] == [[[0], [100], [1], [101], [2], [102]]]


async def test_without_a_delay_those_of_one_moment_go_together(platform: Platform) -> None:
    gathering = Gathering(delay=0, most=64)
    assert [await outcomes(one) for one in [call(gathering, platform, 1), call(gathering, platform, 2)]] == [
        [1],
        [2],
    ]
    assert len(platform.calls) == 1


async def test_a_full_call_goes_at_once_and_is_never_larger(platform: Platform) -> None:
    gathering = Gathering(delay=FAR, most=4)
    calls = [call(gathering, platform, *values) for values in ([1, 2, 3], [4, 5], [6, 7])]
    assert [await outcomes(one) for one in calls] == [[1, 2, 3], [4, 5], [6, 7]]
    assert [len(rows) for rows, _ in platform.calls] == [3, 4]


@pytest.mark.parametrize(("rows", "takes"), [(0, False), (1, True), (3, True), (4, False)])
def test_who_fills_a_call_alone_needs_no_company(rows: int, takes: bool) -> None:
    assert Gathering(delay=0, most=4).takes([[0]] * rows) is takes


async def test_a_call_has_the_time_of_its_most_patient_caller(platform: Platform) -> None:
    gathering = Gathering(delay=0, most=64)
    await asyncio.gather(*(call(gathering, platform, 1, deadline=deadline) for deadline in (5.0, 70.0, 6.0)))
    assert [deadline for _, deadline in platform.calls] == [70.0]


async def test_who_goes_away_takes_nothing_from_the_others(platform: Platform) -> None:
    gathering = Gathering(delay=0, most=64)
    platform.may_answer.clear()
    gone, stays = call(gathering, platform, 1), call(gathering, platform, 2)
    while not platform.calls:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0)
    gone.cancel()
    platform.may_answer.set()
    assert await outcomes(stays) == [2]


async def test_what_fails_the_call_fails_all_its_callers() -> None:
    async def send(rows: Sequence[Row], deadline: float) -> list[InferenceOutcome]:
        raise BackendDown("Down.")

    gathering = Gathering(delay=0, most=64)
    calls = [gathering.send([[1]], 1.0, send) for _ in range(2)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in found] == [BackendDown, BackendDown]


def test_a_payload_waits_for_nobody() -> None:
    gathering = Gathering(delay=60, most=10)
    assert gathering.takes([[1], [2]])
    assert not gathering.takes([[1], Payload(b"x", "image/png")])
