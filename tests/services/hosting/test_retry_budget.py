"""Retries as a share of what is answered."""

from app.services.hosting.retry_budget import FEW, PER_SECOND, SHARE, RetryBudget


def spent(budget: RetryBudget) -> int:
    """How many retries there were."""
    count = 0
    while budget.take():
        count += 1
    return count


def test_a_few_to_begin_with_and_then_a_share_of_the_answers() -> None:
    budget = RetryBudget(lambda: 0.0)
    assert spent(budget) == FEW
    for _ in range(int(2 / SHARE) + 1):
        budget.answered()
    assert spent(budget) == 2


def test_no_more_than_a_few_are_saved_up() -> None:
    budget = RetryBudget(lambda: 0.0)
    for _ in range(1000):
        budget.answered()
    assert spent(budget) == FEW


def test_a_model_that_is_seldom_called_has_some_again_after_a_while() -> None:
    now = 0.0
    budget = RetryBudget(lambda: now)
    spent(budget)
    now += 1.5 / PER_SECOND
    assert spent(budget) == 1
