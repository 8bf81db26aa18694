"""Percentiles out of histograms."""

import pytest

from app.core.signals import SECONDS
from app.services.overview.percentiles import percentiles


def test_of_nothing_there_are_none() -> None:
    assert percentiles({}).model_dump() == {"count": 0, "p50": None, "p95": None, "p99": None}
    assert percentiles({0.001: 0}).p50 is None


def test_within_a_bucket_they_lie_at_even_distances() -> None:
    """All between 1 and 2 ms."""
    found = percentiles({0.002: 100})
    assert (found.count, found.p50, found.p95) == (100, 1.5, 1.95)


def test_the_order_of_buckets_decides_not_that_of_the_keys() -> None:
    found = percentiles({10.0: 5, 0.001: 95})
    assert found.p50 == pytest.approx(0.5 + 0.5 * 50 / 95, abs=0.001)
    assert found.p95 == pytest.approx(1.0)
    assert found.p99 == pytest.approx(5000 + 5000 * 4 / 5)


def test_the_first_bucket_begins_at_nothing_and_the_last_is_told_as_its_beginning() -> None:
    assert percentiles({SECONDS[0]: 2}).p50 == pytest.approx(SECONDS[0] * 500)
    assert percentiles({float("inf"): 3}).p99 == 60_000


def test_a_bound_of_another_release_lies_between_ours() -> None:
    found = percentiles({0.0015: 1})
    assert found.p50 is not None
    assert 1.0 < found.p50 < 1.5
