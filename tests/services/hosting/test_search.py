"""The search for bad rows, over sets of them that hypothesis thinks of; no platform is needed."""

import asyncio
import math
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import AppError, BackendCrashed, BackendDown, BackendRejected, NotInTime
from app.services.hosting.outcomes import InferenceOutcome, Inferred
from app.services.hosting.search import ENOUGH, Piece, settle


@dataclass
class Model:
    """Refuses whatever ``refuses`` says; answers each other row its number."""

    refuses: Callable[[Piece], AppError | None]
    calls: list[Piece] = field(default_factory=list)
    answers: int = 0
    width: int = 32

    async def call(self, part: Piece) -> list[InferenceOutcome] | AppError:
        self.calls.append(part)
        if error := self.refuses(part):
            return error
        self.answers += 1
        return [Inferred(row, None, 1.0) for row in part]

    def settle(self, count: int, *, works: bool = False) -> dict[int, InferenceOutcome]:
        return asyncio.run(
            settle(range(count), self.call, lambda: works or self.answers > 0, width=self.width)
        )


def refusing(bad: Collection[int], kind: type[AppError] = BackendRejected) -> Model:
    return Model(lambda part: kind("no") if not set(bad).isdisjoint(part) else None)


def kinds(outcomes: dict[int, InferenceOutcome], rows: Collection[int]) -> set[type[object]]:
    return {type(outcomes[row]) for row in rows}


@st.composite
def rows_and_bad_ones(draw: st.DrawFn) -> tuple[int, set[int]]:
    count = draw(st.integers(1, 600))
    share = draw(st.sampled_from([0.0, 0.01, 0.04, 0.3, 0.9, 1.0]))
    chosen = draw(st.randoms(use_true_random=False))
    together = draw(st.integers(0, count))
    clustered = set(range(together, min(count, together + round(share * count))))
    scattered = {row for row in range(count) if chosen.random() < share}
    return count, draw(st.sampled_from([clustered, scattered]))


@given(rows_and_bad_ones(), st.sampled_from([1, 8, 32]))
def test_good_rows_are_answered_and_bad_ones_stand_alone(drawn: tuple[int, set[int]], width: int) -> None:
    count, bad = drawn
    model = refusing(bad)
    model.width = width
    outcomes = model.settle(count)
    assert {row for row, one in outcomes.items() if isinstance(one, Inferred)} == set(range(count)) - bad
    assert {part[0] for part in model.calls if len(part) == 1} >= bad
    assert len(model.calls) <= most(count, len(bad))


def most(count: int, bad: int) -> int:
    """Calls that halving needs for so many bad rows, wherever they stand."""
    if not bad:
        return 1
    return min(2 * count - 1, 1 + 2 * bad * (math.ceil(math.log2(count / bad)) + 1))


@given(rows_and_bad_ones())
def test_a_model_that_crashes_answers_the_good_rows_or_is_away(drawn: tuple[int, set[int]]) -> None:
    count, bad = drawn
    model = refusing(bad, BackendCrashed)
    outcomes = model.settle(count)
    assert kinds(outcomes, set(range(count)) - bad) <= {Inferred, BackendDown}
    assert kinds(outcomes, bad) <= {BackendCrashed, BackendDown}
    if len(bad) <= count * 0.04 or count == 1:
        assert BackendDown not in kinds(outcomes, range(count))
    assert len(model.calls) <= most(count, len(bad))


@pytest.mark.parametrize(("count", "bad"), [(500, 10), (500, 20), (1000, 300)])
def test_among_many_rows_the_bad_ones_alone_fail(count: int, bad: int) -> None:
    refused = set(random.sample(range(count), bad))
    for kind in (BackendRejected, BackendCrashed):
        outcomes = refusing(refused, kind).settle(count, works=True)
        assert {row for row, one in outcomes.items() if not isinstance(one, Inferred)} == refused


@pytest.mark.parametrize("count", [2, 7, 8, 100, 1000])
def test_a_model_that_crashes_on_everything_is_away(count: int) -> None:
    model = refusing(range(count), BackendCrashed)
    outcomes = model.settle(count)
    assert kinds(outcomes, range(count)) == {BackendDown}
    assert len(outcomes) == count
    assert len(model.calls) <= 2 * math.ceil(math.log2(count)) + 3 * ENOUGH


def test_a_model_that_answers_others_meanwhile_is_not_away() -> None:
    outcomes = refusing(range(20), BackendCrashed).settle(20, works=True)
    assert kinds(outcomes, range(20)) == {BackendCrashed}


def test_one_row_alone_says_nothing_of_an_outage() -> None:
    assert kinds(refusing([0], BackendCrashed).settle(1), [0]) == {BackendCrashed}


def test_rows_that_are_refused_only_beside_each_other_are_answered() -> None:
    too_many = Model(lambda part: BackendRejected("too many") if len(part) > 3 else None)
    assert kinds(too_many.settle(100), range(100)) == {Inferred}
    pair = Model(lambda part: BackendRejected("not both") if {4, 5} <= set(part) else None)
    assert kinds(pair.settle(64), range(64)) == {Inferred}


def test_what_there_was_no_time_for_says_so_and_is_no_refusal() -> None:
    left = iter(range(20))

    def refuses(part: Piece) -> AppError | None:
        if next(left, None) is None:
            return NotInTime("late")
        return BackendRejected("no") if 13 in part else None

    outcomes = Model(refuses).settle(1000)
    assert kinds(outcomes, range(1000)) <= {Inferred, NotInTime, BackendRejected}
    assert sum(isinstance(one, BackendRejected) for one in outcomes.values()) <= 1


@pytest.mark.parametrize("width", [1, 2, 8])
def test_with_few_calls_at_once_rows_are_settled_from_early_on(width: int) -> None:
    def refuses(part: Piece) -> AppError | None:
        if len(model.calls) > 1 + 2 * 9:  # as deep as the first row alone
            return NotInTime("late")
        return BackendRejected("no") if not set(part).isdisjoint(range(0, 500, 50)) else None

    model = Model(refuses, width=width)
    outcomes = model.settle(500)
    assert kinds(outcomes, range(500)) & {Inferred, BackendRejected}
