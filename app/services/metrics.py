"""Metrics of predictions against truths, from scikit-learn. Undefined is never a number: it has a reason."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning

from app.schemas.judged import Judged, Task, TruthValue

Floats: TypeAlias = NDArray[np.float64]


class Undefined(Exception):
    """Why a metric has no value for a sample, in words for the reader of a report."""


@dataclass(frozen=True)
class Sample:
    """Truths and predictions of the same records, in one order. ``positive`` is the binary task's class."""

    truths: Sequence[TruthValue]
    judged: Sequence[Judged]
    positive: TruthValue = True

    @property
    def n(self) -> int:
        return len(self.truths)

    @cached_property
    def numbers(self) -> tuple[Floats, Floats]:
        """Truth and prediction as numbers."""
        predicted = [one.value for one in self.judged]
        return np.asarray(self.truths, dtype=np.float64), np.asarray(predicted, dtype=np.float64)

    @cached_property
    def signs(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether truth and prediction are the positive class."""
        truths = [truth == self.positive for truth in self.truths]
        return np.asarray(truths), np.asarray([one.value == self.positive for one in self.judged])

    @cached_property
    def scores(self) -> Floats:
        """The probability of the positive class."""
        return self._matrix([self.positive])[:, 0]

    @cached_property
    def names(self) -> tuple[list[str], list[str]]:
        """Truth and prediction as class names."""
        return [str(truth) for truth in self.truths], [str(one.value) for one in self.judged]

    @cached_property
    def classes(self) -> list[TruthValue]:
        """Every class that the model has a probability for, sorted by name."""
        seen = {name for one in self.judged for name in one.probabilities or {}}
        return sorted(seen, key=str)

    @cached_property
    def matrix(self) -> Floats:
        """Probabilities, a column per class."""
        return self._matrix(self.classes)

    def take(self, rows: NDArray[np.int64]) -> "Sample":
        """The records at these places, repeats included."""
        return Sample([self.truths[row] for row in rows], [self.judged[row] for row in rows], self.positive)

    def _matrix(self, classes: Sequence[TruthValue]) -> Floats:
        rows = []
        for one in self.judged:
            if one.probabilities is None:
                raise Undefined("the model gives no probabilities")
            rows.append([one.probabilities.get(name, 0.0) for name in classes])
        return np.asarray(rows, dtype=np.float64)


Compute: TypeAlias = Callable[[Sample], float]


def value(name: str, task: Task, sample: Sample) -> float:
    """The metric of a sample, a finite number; raises Undefined with the reason."""
    if sample.n == 0:
        raise Undefined("no rows")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UndefinedMetricWarning)
        try:
            found = float(METRICS[task][name](sample))
        except UndefinedMetricWarning as error:
            raise Undefined(str(error).splitlines()[0]) from error
    if not math.isfinite(found):
        raise Undefined("the result is not a finite number")
    return found


def losses(name: str, task: Task, sample: Sample) -> Floats | None:
    """One number per record whose mean (of ROOTS: the root of it) is the metric; None where none exists."""
    if task == "regression" and name in ("mae", "rmse", "bias"):
        truth, predicted = sample.numbers
        error = predicted - truth
        return {"mae": np.abs(error), "rmse": error**2, "bias": error}[name]
    if task == "binary" and name in ("brier", "accuracy"):
        positive, called = sample.signs
        if name == "brier":
            return np.asarray((sample.scores - positive) ** 2, dtype=np.float64)
        return np.asarray(positive == called, dtype=np.float64)
    return None


ROOTS = frozenset({"rmse"})


def _bias(sample: Sample) -> float:
    """Mean of prediction minus truth: positive where the model predicts too much."""
    truth, predicted = sample.numbers
    return float(np.mean(predicted - truth))


def _r2(sample: Sample) -> float:
    truth, predicted = sample.numbers
    if sample.n < 2:
        raise Undefined("fewer than two rows")
    if np.ptp(truth) == 0:
        raise Undefined("all truths are equal")
    return float(sk.r2_score(truth, predicted))


def _two_classes(sample: Sample) -> NDArray[np.bool_]:
    truth, _ = sample.signs
    if truth.all() or not truth.any():
        there = "positive" if truth.all() else "negative"
        raise Undefined(f"only one class: every truth is {there}")
    return truth


def _precision(sample: Sample) -> float:
    truth, predicted = sample.signs
    if not predicted.any():
        raise Undefined("nothing was predicted positive")
    return float(sk.precision_score(truth, predicted))


def _recall(sample: Sample) -> float:
    truth, predicted = sample.signs
    if not truth.any():
        raise Undefined("no truth is positive")
    return float(sk.recall_score(truth, predicted))


def _f1(sample: Sample) -> float:
    truth, predicted = sample.signs
    if not truth.any() and not predicted.any():
        raise Undefined("nothing is positive, neither truth nor prediction")
    return float(sk.f1_score(truth, predicted))


def _all_classes(sample: Sample) -> list[str]:
    names = [str(name) for name in sample.classes]
    if absent := sorted(set(names) - set(sample.names[0])):
        raise Undefined(f"no truth is of class {', '.join(absent)}")
    if strange := sorted(set(sample.names[0]) - set(names)):
        raise Undefined(f"the model has no probability for class {', '.join(strange)}")
    return names


def _multiclass_log_loss(sample: Sample) -> float:
    names = [str(name) for name in sample.classes]
    if strange := sorted(set(sample.names[0]) - set(names)):
        raise Undefined(f"the model has no probability for class {', '.join(strange)}")
    return float(sk.log_loss(sample.names[0], sample.matrix, labels=names))


def _ranked(score: Callable[..., float], sample: Sample, **options: str) -> float:
    names = _all_classes(sample)
    if len(names) < 3:
        raise Undefined("fewer than three classes")
    indicator = np.asarray([[truth == name for name in names] for truth in sample.names[0]])
    return float(score(indicator, sample.matrix, **options))


REGRESSION: dict[str, Compute] = {
    "mae": lambda sample: sk.mean_absolute_error(*sample.numbers),
    "rmse": lambda sample: sk.root_mean_squared_error(*sample.numbers),
    "median_absolute_error": lambda sample: sk.median_absolute_error(*sample.numbers),
    "bias": _bias,
    "r2": _r2,
}
BINARY: dict[str, Compute] = {
    "roc_auc": lambda sample: sk.roc_auc_score(_two_classes(sample), sample.scores),
    "average_precision": lambda sample: sk.average_precision_score(_two_classes(sample), sample.scores),
    "log_loss": lambda sample: sk.log_loss(sample.signs[0], sample.scores, labels=[False, True]),
    "brier": lambda sample: sk.brier_score_loss(sample.signs[0], sample.scores, labels=[False, True]),
    "accuracy": lambda sample: sk.accuracy_score(*sample.signs),
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "mean_prediction": lambda sample: float(np.mean(sample.scores)),
    "actual_rate": lambda sample: float(np.mean(sample.signs[0])),
}
MULTICLASS: dict[str, Compute] = {
    "roc_auc": lambda sample: _ranked(sk.roc_auc_score, sample, average="macro"),
    "average_precision": lambda sample: _ranked(sk.average_precision_score, sample, average="macro"),
    "log_loss": _multiclass_log_loss,
    "accuracy": lambda sample: sk.accuracy_score(*sample.names),
    "precision": lambda sample: sk.precision_score(*sample.names, average="macro"),
    "recall": lambda sample: sk.recall_score(*sample.names, average="macro"),
    "f1": lambda sample: sk.f1_score(*sample.names, average="macro"),
}
METRICS: dict[Task, dict[str, Compute]] = {
    "regression": REGRESSION,
    "binary": BINARY,
    "multiclass": MULTICLASS,
}
HIGHER_IS_BETTER = frozenset({"r2", "roc_auc", "average_precision", "accuracy", "precision", "recall", "f1"})
LOWER_IS_BETTER = frozenset({"mae", "rmse", "median_absolute_error", "log_loss", "brier"})
"""Bias is better the closer it is to zero; mean_prediction and actual_rate are not a matter of better."""
