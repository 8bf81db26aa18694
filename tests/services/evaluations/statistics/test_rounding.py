"""The same model is no better than itself, however its answers were rounded on their way."""

from collections.abc import Callable

import numpy as np
import pytest

from app.services.evaluations.comparison import compare_cases
from app.services.evaluations.judging import Case
from app.services.evaluations.statistics import rounding
from app.services.evaluations.statistics.samples import Floats, Sample
from app.services.use_case import UseCase
from tests.support.use_case import changed

NAMES = ["mae", "rmse", "bias"]
REGRESSION = changed(METRICS=tuple(NAMES))
RANDOM = np.random.default_rng(3)
TRUTH = RANDOM.normal(200, 40, 1000)
PREDICTED = np.round(TRUTH + RANDOM.normal(0, 9, 1000), 2)
"""To hundredths, as an ensemble of trees may answer, so that many tenths of it are a matter of the edge."""


def verdicts(a: Floats, b: Floats, use_case: UseCase = REGRESSION) -> dict[str, str]:
    pairs = [
        (Case(truth, before, (), ""), Case(truth, after, (), ""))
        for truth, before, after in zip(TRUTH.tolist(), a.tolist(), b.tolist(), strict=True)
    ]
    found = compare_cases(use_case, pairs, use_case.metrics)
    assert all(one.difference == 0 for one in found if one.verdict == "same")
    return {one.metric: one.verdict for one in found}


ROUNDINGS: list[Callable[[Floats], Floats]] = [
    lambda exact: exact,
    lambda exact: exact.astype(np.float32).astype(np.float64),
    lambda exact: exact * (1 + 2e-7),
    lambda exact: np.round(exact, 1),
    lambda exact: np.round(exact + 1e-7, 1),
    lambda exact: np.floor(exact * 10) / 10,
]


@pytest.mark.parametrize("first", ROUNDINGS)
@pytest.mark.parametrize("second", ROUNDINGS)
def test_a_model_is_the_same_as_itself(
    first: Callable[[Floats], Floats], second: Callable[[Floats], Floats]
) -> None:
    assert verdicts(first(PREDICTED), second(PREDICTED)) == dict.fromkeys(NAMES, "same")


@pytest.mark.parametrize("by", [0.2, 0.5, 5.0])
def test_what_is_more_than_rounding_counts(by: float) -> None:
    closer = PREDICTED + np.sign(TRUTH - PREDICTED) * np.minimum(by, np.abs(TRUTH - PREDICTED))
    assert verdicts(np.round(PREDICTED, 1), np.round(closer, 1))["mae"] == "better"
    assert verdicts(np.round(closer, 1), np.round(PREDICTED, 1))["mae"] == "worse"


def test_whole_numbers_are_counts_and_not_rounded() -> None:
    """One less of an error of one is a better model."""
    counts = np.round(TRUTH) + np.where(TRUTH > 200, 1.0, 0.0)
    assert verdicts(counts, np.round(TRUTH))["mae"] == "better"


def probable(scores: Floats, predicted: Floats) -> Sample:
    return Sample(np.zeros_like(predicted), predicted, scores[:, np.newaxis])


@pytest.mark.parametrize(("noise", "same"), [(0.0, True), (3e-8, True), (9e-7, True), (1e-3, False)])
def test_probabilities_are_the_same_but_for_rounding(noise: float, same: bool) -> None:
    scores = RANDOM.uniform(0, 0.9, 50)
    a, b = (probable(one, np.zeros(50)) for one in (scores, scores + noise))
    assert np.array_equal(rounding.alike("binary", a, b).scores, a.scores) is same


def test_another_class_is_another_prediction() -> None:
    scores = np.full(5, 0.5)
    a, b = probable(scores, np.zeros(5)), probable(scores + 1e-9, np.ones(5))
    assert np.array_equal(rounding.alike("binary", a, b).scores, b.scores)
    assert np.array_equal(rounding.alike("binary", a, b).predicted, b.predicted)


def test_no_record_is_no_trouble() -> None:
    none = Sample(np.empty(0), np.empty(0))
    assert rounding.alike("regression", none, none).n == 0
