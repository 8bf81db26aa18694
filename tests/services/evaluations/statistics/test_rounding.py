"""The same model is no better than itself, however its answers were rounded on their way."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pytest
from pydantic import JsonValue

from app.schemas.evaluations.runs import ComparedMetric
from app.schemas.judged import Judged
from app.services.evaluations.comparing import compare_cases
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


def pair(truth: JsonValue, before: float, after: float, *groups: str) -> tuple[Case, Case]:
    return Case(truth, before, groups, ""), Case(truth, after, groups, "")


def compared(
    given: Sequence[tuple[JsonValue, float, float]], use_case: UseCase = REGRESSION
) -> list[ComparedMetric]:
    """The first metric of all records, each a truth and what the two runs predict."""
    return compare_cases(use_case, [pair(*one) for one in given], use_case.metrics[:1])


def verdicts(a: Floats, b: Floats, use_case: UseCase = REGRESSION) -> dict[str, str]:
    pairs = [
        (Case(truth, before, (), ""), Case(truth, after, (), ""))
        for truth, before, after in zip(TRUTH.tolist(), a.tolist(), b.tolist(), strict=True)
    ]
    return {one.metric: one.verdict for one in compare_cases(use_case, pairs, use_case.metrics)}


Rounding: TypeAlias = Callable[[Floats], Floats]
EXACT: list[Rounding] = [
    lambda exact: exact,
    lambda exact: exact.astype(np.float32).astype(np.float64),
    lambda exact: exact * (1 + 2e-7),
]
TO_TENTHS: list[Rounding] = [
    lambda exact: np.round(exact, 1),
    lambda exact: np.floor(exact * 10 + 0.5) / 10,
    lambda exact: np.ceil(exact * 10 - 0.5) / 10,
]


@pytest.mark.parametrize("first", EXACT)
@pytest.mark.parametrize("second", [*EXACT, *TO_TENTHS])
def test_a_model_is_the_same_as_itself(first: Rounding, second: Rounding) -> None:
    same = dict.fromkeys(NAMES, "same")
    assert verdicts(first(PREDICTED), second(PREDICTED)) == same
    assert verdicts(second(PREDICTED), first(PREDICTED)) == same


def test_what_is_shown_is_what_each_run_has() -> None:
    """Rounding may move a metric, and is told of it as it is."""
    rounded = np.round(PREDICTED, 1)
    (mae,) = compared([(0.0, one, other) for one, other in zip(PREDICTED, rounded, strict=True)])
    assert (mae.a, mae.b, mae.verdict) == (float(PREDICTED.mean()), float(rounded.mean()), "same")
    assert mae.difference == float(rounded.mean() - PREDICTED.mean()) != 0


def test_a_shift_is_no_rounding() -> None:
    """Each prediction is within a tenth, the last decimal, of the other's, and one run is always right."""
    (mae,) = compared([(0.6, 0.5, 0.6)] * 40)
    assert mae.a == pytest.approx(0.1)
    assert (mae.b, mae.verdict) == (0.0, "better")
    (mae,) = compared([(0.6, 0.5, 0.57), (0.4, 0.5, 0.43)] * 40)
    assert mae.b == pytest.approx(0.03)
    assert mae.verdict == "better"


def test_a_shift_of_probabilities_is_no_rounding() -> None:
    def judge(share: float) -> Judged:
        return Judged(share >= 0.5, {True: share, False: 1 - share})

    use_case = changed(TASK="binary", METRICS=("log_loss",), HEADLINE=(), judge=judge)
    (loss,) = compared([(True, 0.8, 0.9), (False, 0.2, 0.1)] * 40, use_case)
    assert [loss.a, loss.b] == pytest.approx([-np.log(0.8), -np.log(0.9)])
    assert loss.verdict == "better"


def test_only_the_group_whose_predictions_are_the_same_is_the_same() -> None:
    pairs = [pair(0.5, 0.123, 0.123 + 1e-9, "g=a"), pair(0.5, 0.123, 0.456, "g=b")] * 40
    found = compare_cases(REGRESSION, pairs, ["mae"])
    assert {one.slice: one.verdict for one in found} == {"": "better", "g=a": "same", "g=b": "better"}


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
    assert set(rounding.alike("binary", a, b)) == {same}


def test_another_class_is_another_prediction() -> None:
    scores = np.full(5, 0.5)
    a, b = probable(scores, np.zeros(5)), probable(scores + 1e-9, np.ones(5))
    assert not rounding.alike("binary", a, b).any()


def test_no_record_is_no_trouble() -> None:
    none = Sample(np.empty(0), np.empty(0))
    assert rounding.alike("regression", none, none).size == 0
