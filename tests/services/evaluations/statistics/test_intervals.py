"""Bootstrap intervals: reproducible, of the right size, and decided only where they are."""

import numpy as np
import pytest

from app.schemas.judged import Judged, Task
from app.services.evaluations.statistics import intervals, metrics, samples
from app.services.evaluations.statistics.intervals import Difference, Interval
from app.services.evaluations.statistics.samples import Sample
from app.services.evaluations.statistics.vectorised import VECTORISED


def with_errors(errors: list[float]) -> Sample:
    truth = np.full(len(errors), 100.0)
    return Sample(truth, truth + errors)


def interval(name: str, sample: Sample, task: Task = "regression") -> Interval | None:
    return intervals.of([name], task, sample).get(name)


def difference(name: str, a: Sample, b: Sample) -> Difference:
    return intervals.differences([name], "regression", a, b)[name]


def uncertain(truths: list[bool], scores: list[float]) -> Sample:
    judged = [Judged(score >= 0.5, {True: score}) for score in scores]
    return samples.read("binary", truths, judged, positive=None)


def normal(n: int, scale: float, seed: int = 1) -> list[float]:
    return [float(error) for error in np.random.default_rng(seed).normal(0, scale, n)]


@pytest.mark.parametrize("name", ["mae", "rmse", "bias"])
def test_the_interval_of_a_mean_is_as_wide_as_theory_says(name: str) -> None:
    n = 2000
    sample = with_errors(normal(n, 10.0))
    found = interval(name, sample)
    assert found is not None
    assert found.low < metrics.value(name, "regression", sample) < found.high
    losses = {"mae": np.abs(sample.errors), "rmse": sample.errors**2, "bias": sample.errors}[name]
    expected = 2 * 1.96 * float(np.std(losses)) / n**0.5
    if name == "rmse":  # the delta method: the root's derivative
        expected /= 2 * metrics.value("rmse", "regression", sample)
    assert found.high - found.low == pytest.approx(expected, rel=0.15)
    assert interval(name, sample) == found


def random_sample(task: Task) -> Sample:
    random = np.random.default_rng(1)
    if task == "regression":
        return Sample(random.normal(size=50), random.normal(size=50))
    scores = np.round(random.uniform(size=50), 1)  # with ties
    truth = np.asarray(random.uniform(size=50) < scores, dtype=np.float64)
    return Sample(truth, np.asarray(scores >= 0.5, dtype=np.float64), scores[:, np.newaxis], ("0", "1"))


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task, known in VECTORISED.items() for name in known]
)
def test_resamples_are_measured_as_scikit_learn_does(task: Task, name: str) -> None:
    sample = random_sample(task)
    rows = np.random.default_rng(2).integers(0, sample.n, (5, sample.n))
    expected = [metrics.value(name, task, sample.take(one)) for one in rows]
    assert VECTORISED[task][name](sample.take(rows)) == pytest.approx(expected)


def test_a_metric_that_is_computed_one_resample_at_a_time() -> None:
    sample = random_sample("binary")
    assert "average_precision" not in VECTORISED["binary"]
    found = interval("average_precision", sample, "binary")
    assert found is not None
    assert found.low < metrics.value("average_precision", "binary", sample) < found.high


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_no_interval_where_most_resamples_have_no_value(name: str) -> None:
    sample = uncertain([True] + [False] * 5, [0.9, 0.1, 0.2, 0.3, 0.4, 0.5])  # a third has no positive at all
    assert interval(name, sample, "binary") is None


def test_no_interval_of_one_record() -> None:
    assert intervals.of(["mae"], "regression", with_errors([1.0])) == {}
    assert intervals.differences(["mae"], "regression", with_errors([1.0]), with_errors([2.0])) == {}


def test_paired_differences_decide_what_separate_intervals_cannot() -> None:
    noise = normal(1000, 10.0)
    a, b = with_errors([abs(error) + 10.5 for error in noise]), with_errors([abs(e) + 10.0 for e in noise])
    found = difference("mae", a, b)
    assert found.value == pytest.approx(-0.5)
    assert found.verdict == "better"
    assert difference("mae", b, a).verdict == "worse"
    one, other = (interval("mae", sample) for sample in (a, b))
    assert one is not None
    assert other is not None
    assert one.low < other.high  # apart they overlap


def test_undecided_where_zero_lies_within() -> None:
    a, b = with_errors(normal(200, 10.0, seed=1)), with_errors(normal(200, 10.0, seed=2))
    assert difference("mae", a, b).verdict == "undecided"


def test_bias_is_better_the_closer_to_zero() -> None:
    low, high = with_errors([-1.0, -1.1] * 50), with_errors([3.0, 3.1] * 50)
    assert difference("bias", low, high).verdict == "worse"
    assert difference("bias", high, low).verdict == "better"


def test_a_bias_of_the_other_sign_is_not_better_for_that() -> None:
    low = with_errors([error - 4.0 for error in normal(400, 3.0, seed=1)])
    high = with_errors([error + 3.95 for error in normal(400, 3.0, seed=2)])
    found = difference("bias", low, high)
    assert found.interval.low > 0
    assert found.verdict == "undecided"


def test_what_is_no_matter_of_better_is_never_decided() -> None:
    sample = random_sample("binary")
    assert sample.probabilities is not None
    other = Sample(sample.truth, sample.predicted, sample.probabilities / 2, sample.classes)
    found = intervals.differences(["mean_prediction"], "binary", sample, other)["mean_prediction"]
    assert found.interval.high < 0
    assert found.verdict == "undecided"
