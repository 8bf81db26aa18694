"""Metrics: values as scikit-learn gives them, and reasons where there is none."""

import pytest

from app.core.errors import AppError
from app.schemas import judged
from app.schemas.judged import Judged, Task, TruthValue
from app.services.evaluations.statistics import metrics, samples
from app.services.evaluations.statistics.metrics import METRICS
from app.services.evaluations.statistics.samples import Sample, Undefined


def numbers(truths: list[float], predicted: list[float]) -> Sample:
    judged = [Judged(one) for one in predicted]
    return samples.read("regression", list[TruthValue](truths), judged, positive=None)


def signs(truths: list[TruthValue], scores: list[float]) -> Sample:
    judged = [Judged("late" if p >= 0.5 else "on time", {"late": p, "on time": 1 - p}) for p in scores]
    return samples.read("binary", truths, judged, positive="late")


def classes(truths: list[TruthValue], judged: list[Judged]) -> Sample:
    return samples.read("multiclass", truths, judged, positive=None)


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
    assert set(of(samples.read(task, [], [], positive=None), task).values()) == {"no rows"}


def test_a_result_that_is_no_finite_number_is_undefined_and_the_others_are_not() -> None:
    found = of(numbers([0, 0, 3], [1e308, -1e308, 3]), "regression")
    assert found["rmse"] == found["r2"] == "the result is not a finite number"
    assert (found["median_absolute_error"], found["bias"]) == (1e308, 0)


def test_no_probabilities() -> None:
    judged = [Judged("late"), Judged("late")]
    found = of(samples.read("binary", ["late", "on time"], judged, positive="late"), "binary")
    assert found["roc_auc"] == found["log_loss"] == found["brier"] == "the model gives no probabilities"
    assert (found["accuracy"], found["recall"]) == (0.5, 1.0)
    found = of(classes(["a", "b"], [Judged("a"), Judged("a")]), "multiclass")
    assert found["roc_auc"] == found["log_loss"] == "the model gives no probabilities"
    assert found["accuracy"] == 0.5


JUDGED = [
    Judged("a", {"a": 0.8, "b": 0.1, "c": 0.1}),
    Judged("b", {"a": 0.3, "b": 0.6, "c": 0.1}),
    Judged("c", {"a": 0.1, "b": 0.1, "c": 0.8}),
    Judged("a", {"a": 0.5, "b": 0.3, "c": 0.2}),
]


def test_multiclass() -> None:
    found = of(classes(["a", "b", "c", "b"], JUDGED), "multiclass")
    assert found["accuracy"] == 0.75
    assert found["recall"] == (1 + 0.5 + 1) / 3
    assert found["precision"] == (0.5 + 1 + 1) / 3
    assert found["roc_auc"] == (1 + 1 + 1) / 3


def test_an_absent_class_is_a_reason() -> None:
    absent = of(classes(["a", "b", "b", "b"], JUDGED), "multiclass")
    assert absent["roc_auc"] == absent["average_precision"] == absent["recall"] == "no truth is of class c"
    strange = of(classes(["a", "b", "c", "d"], JUDGED), "multiclass")
    assert strange["log_loss"] == "the model has no probability for class d"
    assert strange["precision"] == "nothing was predicted to be of class d"
    assert strange["accuracy"] == 0.75
    two = of(
        classes(["a", "b"], [Judged("a", {"a": 0.8, "b": 0.2}), Judged("b", {"a": 0.3, "b": 0.7})]),
        "multiclass",
    )
    assert two["roc_auc"] == "fewer than three classes"


def test_classes_are_named_alike_whether_numbers_or_texts() -> None:
    judged = [Judged("1", {"1": 0.7, "2": 0.3}), Judged(2.0, {"1": 0.3, "2": 0.7})]
    assert of(classes([1, 2], judged), "multiclass")["accuracy"] == 1


def test_truths_of_true_and_false_or_1_and_0_need_no_positive_class() -> None:
    judged = [Judged(True, {True: 0.9, False: 0.1}), Judged(0, {1: 0.2, 0: 0.8})]
    found = of(samples.read("binary", [1, False], judged, positive=None), "binary")
    assert (found["accuracy"], found["roc_auc"], found["actual_rate"]) == (1, 1, 0.5)


def test_rounded_probabilities_count_as_their_share() -> None:
    rounded = [Judged("a", {"a": 0.333, "b": 0.333, "c": 0.333})]
    sample = classes(["a"], rounded)
    assert sample.matrix.tolist() == [[pytest.approx(1 / 3)] * 3]


@pytest.mark.parametrize(
    ("task", "truth", "judged", "positive", "message"),
    [
        ("regression", "late", Judged(1.0), None, "must be a number"),
        ("regression", {"a": 1}, Judged(1.0), None, "must be a number"),
        ("regression", 1.0, Judged("late"), None, "a finite number"),
        ("regression", 1.0, Judged(float("nan")), None, "a finite number"),
        ("binary", [1], Judged(True), None, "must be a number, a text"),
        ("binary", "late", Judged("late"), None, "Which class is positive.*'late'.*set POSITIVE"),
        ("binary", 1, Judged("late"), None, "Which class is positive"),
        ("binary", "on time", Judged(True), "late", "has two classes.*'late'.*True"),
        ("binary", "late", Judged("late", {"l": 1.0}), "late", "no probability for the positive class"),
        ("binary", 1, Judged(True, {True: float("nan")}), None, "not between 0 and 1"),
        ("binary", 1, Judged(True, {True: 1.5}), None, "not between 0 and 1"),
        ("multiclass", None, Judged("a"), None, "must be a number, a text"),
        ("multiclass", "a", Judged("a", {"a": 0.5, "b": 0.2}), None, "sum is not 1"),
    ],
)
def test_values_that_do_not_fit_the_task_are_errors_that_say_so(
    task: Task, truth: TruthValue, judged: Judged, positive: TruthValue | None, message: str
) -> None:
    with pytest.raises(AppError, match=message):
        samples.read(task, [truth], [judged], positive=positive)


def test_the_names_that_a_use_case_is_checked_by_are_these() -> None:
    assert {task: set(names) for task, names in judged.METRICS.items()} == {
        task: set(computed) for task, computed in metrics.METRICS.items()
    }
