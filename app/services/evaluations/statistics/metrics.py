"""Metrics of predictions against truths, from scikit-learn. Undefined is never a number: it has a reason."""

import math
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TypeAlias

import numpy as np

from app.schemas.judged import Task
from app.services.evaluations.statistics.samples import Floats, Sample, Undefined

Compute: TypeAlias = Callable[[Sample], float]


@cache
def _sk() -> ModuleType:
    """scikit-learn's metrics, which take most of a second to import: only processes that compute pay it."""
    from sklearn import metrics

    module: ModuleType = metrics
    return module


def value(name: str, task: Task, sample: Sample) -> float:
    """The metric of a sample, a finite number; raises Undefined with the reason."""
    if sample.n == 0:
        raise Undefined("no rows")
    import sklearn

    # Samples hold finite numbers only, and to look again would be most of the work on small ones.
    fast = sklearn.config_context(assume_finite=True, skip_parameter_validation=True)
    with fast, np.errstate(over="ignore", invalid="ignore"):
        found = float(METRICS[task][name](sample))
    if not math.isfinite(found):
        raise Undefined("the result is not a finite number")
    return found


def _bias(sample: Sample) -> float:
    """Mean of prediction minus truth: positive where the model predicts too much."""
    return float(np.mean(sample.errors))


def _r2(sample: Sample) -> float:
    if sample.n < 2:
        raise Undefined("fewer than two rows")
    if np.ptp(sample.truth) == 0:
        raise Undefined("all truths are equal")
    return float(_sk().r2_score(sample.truth, sample.predicted))


def _both(sample: Sample) -> tuple[Floats, Floats]:
    return sample.truth, sample.predicted


def _two_classes(sample: Sample) -> Floats:
    if sample.truth.all() or not sample.truth.any():
        there = "positive" if sample.truth.all() else "negative"
        raise Undefined(f"only one class: every truth is {there}")
    return sample.truth


def _precision(sample: Sample) -> float:
    if not sample.predicted.any():
        raise Undefined("nothing was predicted positive")
    return float(_sk().precision_score(*_both(sample)))


def _recall(sample: Sample) -> float:
    if not sample.truth.any():
        raise Undefined("no truth is positive")
    return float(_sk().recall_score(*_both(sample)))


def _f1(sample: Sample) -> float:
    if not sample.truth.any() and not sample.predicted.any():
        raise Undefined("nothing is positive, neither truth nor prediction")
    return float(_sk().f1_score(*_both(sample)))


def _multiclass_log_loss(sample: Sample) -> float:
    known = range(_known_classes(sample))
    return float(_sk().log_loss(sample.truth, sample.matrix, labels=known))


def _ranked(score: str, sample: Sample, **options: str) -> float:
    known = _known_classes(sample)
    _require_classes(sample, "no truth is of class", range(known), sample.truth)
    if known < 3:
        raise Undefined("fewer than three classes")
    indicator = sample.truth[:, np.newaxis] == np.arange(known)
    return float(getattr(_sk(), score)(indicator, sample.matrix, **options))


def _known_classes(sample: Sample) -> int:
    """How many classes the model has probabilities for; Undefined if a truth is of another."""
    known = int(sample.matrix.shape[-1])
    _require_classes(sample, "the model has no probability for class", sample.truth, range(known))
    return known


def _macro_precision(sample: Sample) -> float:
    _require_classes(sample, "nothing was predicted to be of class", *_both(sample))
    return float(_sk().precision_score(*_both(sample), average="macro"))


def _macro_recall(sample: Sample) -> float:
    _require_classes(sample, "no truth is of class", sample.predicted, sample.truth)
    return float(_sk().recall_score(*_both(sample), average="macro"))


def _require_classes(sample: Sample, what: str, wanted: Floats | range, there: Floats | range) -> None:
    if absent := np.setdiff1d(np.asarray(wanted), np.asarray(there)).astype(int).tolist():
        raise Undefined(f"{what} {', '.join(sample.classes[place] for place in absent)}")


REGRESSION: dict[str, Compute] = {
    "mae": lambda sample: _sk().mean_absolute_error(*_both(sample)),
    "rmse": lambda sample: _sk().root_mean_squared_error(*_both(sample)),
    "median_absolute_error": lambda sample: _sk().median_absolute_error(*_both(sample)),
    "bias": _bias,
    "r2": _r2,
}
BINARY: dict[str, Compute] = {
    "roc_auc": lambda sample: _sk().roc_auc_score(_two_classes(sample), sample.scores),
    "average_precision": lambda sample: _sk().average_precision_score(_two_classes(sample), sample.scores),
    "log_loss": lambda sample: _sk().log_loss(sample.truth, sample.scores, labels=[0, 1]),
    "brier": lambda sample: _sk().brier_score_loss(sample.truth, sample.scores, labels=[0, 1]),
    "accuracy": lambda sample: _sk().accuracy_score(*_both(sample)),
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "mean_prediction": lambda sample: float(np.mean(sample.scores)),
    "actual_rate": lambda sample: float(np.mean(sample.truth)),
}
MULTICLASS: dict[str, Compute] = {
    "roc_auc": lambda sample: _ranked("roc_auc_score", sample, average="macro"),
    "average_precision": lambda sample: _ranked("average_precision_score", sample, average="macro"),
    "log_loss": _multiclass_log_loss,
    "accuracy": lambda sample: _sk().accuracy_score(*_both(sample)),
    "precision": _macro_precision,
    "recall": _macro_recall,
    "f1": lambda sample: _sk().f1_score(*_both(sample), average="macro"),
}
METRICS: dict[Task, dict[str, Compute]] = {
    "regression": REGRESSION,
    "binary": BINARY,
    "multiclass": MULTICLASS,
}
