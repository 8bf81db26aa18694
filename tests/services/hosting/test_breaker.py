"""When a platform is left alone, and when it is tried again."""

from dataclasses import dataclass

import pytest

from app.core.errors import BackendAway, BackendDown
from app.services.hosting.breaker import ENOUGH, FIRST_PAUSE, LONGEST_PAUSE, SPREAD, Breaker


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock, model="m", version="1")


def fail(breaker: Breaker, retry_after: float | None = None) -> None:
    breaker.failed(BackendDown("Gone.", retry_after=retry_after), breaker.admit())


def break_off(breaker: Breaker) -> None:
    for _ in range(ENOUGH):
        fail(breaker)


def test_it_opens_after_enough_failures_in_a_row(breaker: Breaker) -> None:
    for _ in range(ENOUGH - 1):
        fail(breaker)
    assert breaker.refusal() is None
    fail(breaker)
    with pytest.raises(BackendAway) as refused:
        breaker.admit()
    assert refused.value.detail == "Gone. It failed 10 times in a row, and is not called for a moment."
    assert 0 < (refused.value.retry_after or 0) <= FIRST_PAUSE * (1 + SPREAD)


def test_an_answer_in_between_starts_the_count_anew(breaker: Breaker) -> None:
    for _ in range(3):
        for _ in range(ENOUGH - 1):
            fail(breaker)
        breaker.answered()
    assert breaker.refusal() is None


def test_one_trial_after_each_pause(breaker: Breaker, clock: Clock) -> None:
    break_off(breaker)
    clock.now += FIRST_PAUSE * (1 + SPREAD)
    assert breaker.refusal() is None
    breaker.admit()
    with pytest.raises(BackendAway):  # the trial is under way
        breaker.admit()
    clock.now += FIRST_PAUSE * (1 + SPREAD)
    breaker.admit()  # one that hangs is not waited for


def test_an_answered_trial_lets_all_through(breaker: Breaker, clock: Clock) -> None:
    break_off(breaker)
    clock.now += FIRST_PAUSE * (1 + SPREAD)
    breaker.admit()
    breaker.answered()
    assert breaker.refusal() is None
    fail(breaker)
    assert breaker.refusal() is None


def test_pauses_grow_with_trials_that_fail_up_to_a_bound(breaker: Breaker, clock: Clock) -> None:
    break_off(breaker)
    pauses = []
    for _ in range(6):
        refusal = breaker.refusal()
        assert refusal is not None
        pauses.append(refusal.retry_after or 0)
        clock.now += pauses[-1]
        fail(breaker)
    assert pauses[0] < 1.5 < pauses[1] < 3 < pauses[2]
    assert LONGEST_PAUSE * (1 - SPREAD) <= min(pauses[3:]) <= max(pauses) <= LONGEST_PAUSE * (1 + SPREAD)


def test_calls_that_were_under_way_when_it_opened_are_no_trials(breaker: Breaker, clock: Clock) -> None:
    began = [breaker.admit() for _ in range(32)]
    clock.now += 1
    for moment in began:
        breaker.failed(BackendDown("Gone."), moment)
    refusal = breaker.refusal()
    assert refusal is not None
    assert (refusal.retry_after or 0) <= FIRST_PAUSE * (1 + SPREAD)


def test_a_platform_that_says_when_to_come_back_is_left_alone_until_then(breaker: Breaker) -> None:
    for _ in range(ENOUGH):
        fail(breaker, retry_after=4)
    refusal = breaker.refusal()
    assert refusal is not None
    assert refusal.retry_after == 4
