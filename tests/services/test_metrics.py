"""Metrics: values as scikit-learn gives them, and reasons where there is none."""

import pytest

from app.schemas.judged import Judged, Task, TruthValue
from app.services import metrics
from app.services.metrics import METRICS, Sample, Undefined


def numbers(truths: list[float], predicted: list[float]) -> Sample:
    return Sample(list[TruthValue](truths), [Judged(one) for one in predicted])


def signs(truths: list[TruthValue], scores: list[float], positive: TruthValue = "late") -> Sample:
    judged = [Judged(positive if p >= 0.5 else "on time", {positive: p, "on time": 1 - p}) for p in scores]
    return Sample(truths, judged, positive)


def of(sample: Sample, task: Task) -> dict[str, object]:
    """Every metric of the task: its value, or the reason why it has none."""
    found: dict[str, object] = {}
    for name in METRICS[task]:
        try:
            found[name] = pytest.approx(metrics.value(name, task, sample))
        except Undefined as error:
            found[name] = str(error)
    return found


def test_regression() -> None:
    assert of(numbers([1, 2, 3, 4], [2, 2, 3, 8]), "regression") == {
        "mae": 1.25,
        "rmse": (17 / 4) ** 0.5,
        "median_absolute_error": 0.5,
        "bias": 1.25,
        "r2": 1 - 17 / 5,
    }


def test_a_constant_truth_leaves_r2_undefined_and_the_others_not() -> None:
    found = of(numbers([3, 3], [3, 4]), "regression")
    assert found["r2"] == "all truths are equal"
    assert found["mae"] == 0.5
    assert of(numbers([3], [4]), "regression")["r2"] == "fewer than two rows"


def test_binary() -> None:
    found = of(signs(["late", "on time", "late", "on time"], [0.9, 0.6, 0.4, 0.1]), "binary")
    assert found["roc_auc"] == 0.75
    assert (found["precision"], found["recall"], found["f1"], found["accuracy"]) == (0.5, 0.5, 0.5, 0.5)
    assert (found["mean_prediction"], found["actual_rate"]) == (0.5, 0.5)
    assert found["brier"] == (0.01 + 0.36 + 0.36 + 0.01) / 4


def test_one_class_only_is_a_reason_and_never_a_number() -> None:
    found = of(signs(["on time", "on time"], [0.2, 0.1]), "binary")
    assert found["roc_auc"] == found["average_precision"] == "only one class: every truth is negative"
    assert found["precision"] == "nothing was predicted positive"
    assert found["recall"] == "no truth is positive"
    assert found["f1"] == "nothing is positive, neither truth nor prediction"
    assert (found["accuracy"], found["actual_rate"]) == (1.0, 0.0)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_no_rows(task: Task) -> None:
    assert set(of(Sample([], []), task).values()) == {"no rows"}


def test_no_probabilities() -> None:
    found = of(Sample(["late", "on time"], [Judged("late"), Judged("late")], "late"), "binary")
    assert found["roc_auc"] == found["log_loss"] == found["brier"] == "the model gives no probabilities"
    assert (found["accuracy"], found["recall"]) == (0.5, 1.0)


def test_multiclass() -> None:
    judged = [
        Judged("a", {"a": 0.8, "b": 0.1, "c": 0.1}),
        Judged("b", {"a": 0.3, "b": 0.6, "c": 0.1}),
        Judged("c", {"a": 0.1, "b": 0.1, "c": 0.8}),
        Judged("a", {"a": 0.5, "b": 0.3, "c": 0.2}),
    ]
    found = of(Sample(["a", "b", "c", "b"], judged), "multiclass")
    assert found["accuracy"] == 0.75
    assert found["roc_auc"] == pytest.approx((1 + 0.875 + 1) / 3, abs=0.05)
    absent = of(Sample(["a", "b", "b", "b"], judged), "multiclass")
    assert absent["roc_auc"] == absent["average_precision"] == "no truth is of class c"
    assert "no true samples" in str(absent["recall"])
    strange = of(Sample(["a", "b", "c", "d"], judged), "multiclass")
    assert strange["log_loss"] == "the model has no probability for class d"
