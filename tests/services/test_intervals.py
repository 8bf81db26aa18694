"""Bootstrap intervals: reproducible, of the right size, and decided only where they are."""

from collections.abc import Sequence

import numpy as np
import pytest

from app.schemas.judged import Judged, TruthValue
from app.services import intervals, metrics
from app.services.metrics import Sample, Undefined


def with_errors(errors: list[float]) -> Sample:
    return Sample(list[TruthValue]([100.0] * len(errors)), [Judged(100.0 + error) for error in errors])


def normal(n: int, scale: float, seed: int = 1) -> list[float]:
    return [float(error) for error in np.random.default_rng(seed).normal(0, scale, n)]


@pytest.mark.parametrize("name", ["mae", "rmse", "bias"])
def test_the_interval_of_a_mean_is_as_wide_as_theory_says(name: str) -> None:
    n = 2000
    sample = with_errors(normal(n, 10.0))
    found = intervals.interval(name, "regression", sample)
    assert found is not None
    assert found.low < metrics.value(name, "regression", sample) < found.high
    losses = metrics.losses(name, "regression", sample)
    assert losses is not None
    expected = 2 * 1.96 * float(np.std(losses)) / n**0.5
    if name == "rmse":  # the delta method: the root's derivative
        expected /= 2 * metrics.value("rmse", "regression", sample)
    assert found.high - found.low == pytest.approx(expected, rel=0.15)
    assert intervals.interval(name, "regression", sample) == found


def test_losses_are_what_the_metrics_are_made_of() -> None:
    sample = with_errors(normal(50, 3.0))
    for name in ("mae", "rmse", "bias"):
        losses = metrics.losses(name, "regression", sample)
        assert losses is not None
        mean = float(np.mean(losses)) ** (0.5 if name in metrics.ROOTS else 1)
        assert mean == pytest.approx(metrics.value(name, "regression", sample))


def test_a_metric_without_losses_is_recomputed() -> None:
    scores = [0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.35, 0.3, 0.2, 0.1] * 5
    truths: Sequence[TruthValue] = [True, True, False, True, True, False, True, False, False, False] * 5
    sample = Sample(truths, [Judged(p >= 0.5, {True: p, False: 1 - p}) for p in scores])
    found = intervals.interval("roc_auc", "binary", sample)
    assert found is not None
    assert found.low < metrics.value("roc_auc", "binary", sample) < found.high


def test_no_interval_where_most_resamples_have_no_value() -> None:
    truths: Sequence[TruthValue] = [True] + [False] * 5  # a third of the resamples has no positive at all
    sample = Sample(truths, [Judged(True, {True: p}) for p in (0.9, 0.1, 0.2, 0.3, 0.4, 0.5)])
    assert intervals.interval("roc_auc", "binary", sample) is None
    assert intervals.interval("mae", "regression", with_errors([1.0])) is None


def test_paired_differences_decide_what_separate_intervals_cannot() -> None:
    noise = normal(1000, 10.0)
    a, b = with_errors([abs(error) + 10.5 for error in noise]), with_errors([abs(e) + 10.0 for e in noise])
    found = intervals.difference("mae", "regression", a, b)
    assert found.value == pytest.approx(-0.5)
    assert found.verdict == "better"
    assert intervals.difference("mae", "regression", b, a).verdict == "worse"
    one, other = (intervals.interval("mae", "regression", sample) for sample in (a, b))
    assert one is not None
    assert other is not None
    assert one.low < other.high  # apart they overlap


def test_undecided_where_zero_lies_within() -> None:
    a, b = with_errors(normal(200, 10.0, seed=1)), with_errors(normal(200, 10.0, seed=2))
    assert intervals.difference("mae", "regression", a, b).verdict == "undecided"


def test_bias_is_better_the_closer_to_zero() -> None:
    low, high = with_errors([-1.0, -1.1] * 50), with_errors([3.0, 3.1] * 50)
    assert intervals.difference("bias", "regression", low, high).verdict == "worse"
    assert intervals.difference("bias", "regression", high, low).verdict == "better"


def test_a_difference_of_too_few_records_is_undefined() -> None:
    with pytest.raises(Undefined):
        intervals.difference("mae", "regression", with_errors([1.0]), with_errors([2.0]))
