"""What concurrent callers ask for, done together."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

import pytest

from app.core.joining import Joined
from tests.support.eventually import TIMEOUT


class Work:
    """Doubles numbers. An odd one over 100 spoils its go, one over 1000 is an error of its own."""

    def __init__(self) -> None:
        self.goes: list[list[int]] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.busy = self.most_busy = 0

    async def __call__(self, units: Sequence[int]) -> list[int | Exception]:
        self.goes.append([*units])
        self.busy += 1
        self.most_busy = max(self.busy, self.most_busy)
        await self.may_go_on.wait()
        self.busy -= 1
        if any(100 < unit < 1000 for unit in units):
            raise ValueError(units)
        return [KeyError(unit) if unit > 1000 else 2 * unit for unit in units]


@pytest.fixture
def work() -> Work:
    return Work()


def joined(work: Work, *, goes: int = 1, most: int = 100, patience: float | None = None) -> Joined[int, int]:
    return Joined(work, goes=goes, most=most, patience=patience, concerns_all=lambda _: False)


async def test_those_of_one_moment_go_together_and_each_gets_its_own(work: Work) -> None:
    asked = joined(work)
    assert await asyncio.gather(*(asked.ask(number) for number in range(50))) == [
        2 * one for one in range(50)
    ]
    assert work.goes == [[*range(50)]]


async def test_who_comes_meanwhile_goes_along_with_the_next(work: Work) -> None:
    asked = joined(work)
    work.may_go_on.clear()
    first = asked.ask(1)
    await asyncio.sleep(0)
    later = [asked.ask(2), asked.ask(3)]
    await asyncio.sleep(0)
    work.may_go_on.set()
    assert await asyncio.gather(first, *later) == [2, 4, 6]
    assert work.goes == [[1], [2, 3]]


async def test_at_most_so_many_goes_at_once_and_so_much_in_each_in_order(work: Work) -> None:
    asked = Joined(work, goes=2, most=10, size=lambda unit: unit)
    work.may_go_on.clear()
    results = asyncio.gather(*(asked.ask(unit) for unit in (4, 6, 7, 3, 1, 25, 2)))
    await asyncio.sleep(0.01)
    assert work.busy == 2
    work.may_go_on.set()
    assert await results == [8, 12, 14, 6, 2, 50, 4]
    assert work.goes == [[4, 6], [7, 3], [1], [25], [2]]
    assert work.most_busy == 2


async def test_what_spoils_a_go_is_nobody_elses(work: Work) -> None:
    asked = joined(work)
    found = await asyncio.gather(*(asked.ask(one) for one in (1, 101, 2, 1001)), return_exceptions=True)
    assert [one if isinstance(one, int) else type(one) for one in found] == [2, ValueError, 4, KeyError]


async def test_what_concerns_all_is_not_tried_for_each(work: Work) -> None:
    asked = Joined(work, goes=1, most=100)
    found = await asyncio.gather(*(asked.ask(one) for one in (1, 101, 2)), return_exceptions=True)
    assert [type(one) for one in found] == [ValueError] * 3
    assert len(work.goes) == 1


async def test_who_goes_away_leaves_the_others_their_results(work: Work) -> None:
    asked = joined(work)
    work.may_go_on.clear()
    gone, stays = asked.ask(1), asked.ask(2)
    await asyncio.sleep(0)
    gone.cancel()
    work.may_go_on.set()
    assert await asyncio.wait_for(stays, TIMEOUT) == 4


async def test_who_waits_too_long_for_a_go_is_told(work: Work) -> None:
    asked = joined(work, patience=0.01)
    work.may_go_on.clear()
    first = asked.ask(1)
    await asyncio.sleep(0)
    late = [asked.ask(2), asked.ask(3)]
    for one in late:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(one), TIMEOUT)
    work.may_go_on.set()
    assert await first == 2
    assert await asked.ask(4) == 8
    assert work.goes == [[1], [4]]


async def test_who_asks_when_a_go_has_just_ended_waits_for_nobody(work: Work) -> None:
    asked = joined(work)
    for number in range(3):
        assert await asyncio.wait_for(asked.ask(number), TIMEOUT) == 2 * number


@pytest.mark.parametrize("results", [[], [1], [1, 2, 3]])
async def test_work_that_returns_another_number_of_results_leaves_nobody_waiting(results: list[int]) -> None:
    async def wrong(_: Sequence[int]) -> list[int]:
        return results

    asked = Joined[int, int](wrong, goes=1, most=100)
    found = await asyncio.wait_for(
        asyncio.gather(asked.ask(1), asked.ask(2), return_exceptions=True), TIMEOUT
    )
    assert [type(one) for one in found] == [RuntimeError] * 2


async def test_work_that_is_cancelled_leaves_nobody_waiting() -> None:
    async def cancelled(_: Sequence[int]) -> list[int]:
        raise asyncio.CancelledError

    asked = Joined[int, int](cancelled, goes=1, most=100)
    for _ in range(2):
        one = asked.ask(1)
        await asyncio.wait([one], timeout=TIMEOUT)
        assert one.cancelled()


async def test_what_is_done_for_all_is_not_done_in_the_name_of_the_first() -> None:
    name, names = ContextVar("name", default="nobody"), list[str]()

    async def named(units: Sequence[int]) -> Sequence[int]:
        names.append(name.get())
        return units

    name.set("the first")
    await Joined[int, int](named, goes=1, most=100).ask(1)
    assert names == ["nobody"]


async def test_another_go_begins_only_when_the_last_is_slow(work: Work) -> None:
    asked = Joined(work, goes=2, most=100, slow=0.02)
    work.may_go_on.clear()
    first, second = asked.ask(1), asked.ask(2)
    await asyncio.sleep(0)
    third = asked.ask(3)
    await asyncio.sleep(0)
    assert work.goes == [[1, 2]]
    async with asyncio.timeout(TIMEOUT):
        while work.busy < 2:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.001)
    assert work.goes == [[1, 2], [3]]
    work.may_go_on.set()
    assert [await one for one in (first, second, third)] == [2, 4, 6]
