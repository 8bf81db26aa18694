"""How the user's evaluation code reads a prediction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Task: TypeAlias = Literal["regression", "binary", "multiclass"]
TruthValue: TypeAlias = float | int | str | bool

_CLASSES = ("roc_auc", "average_precision", "log_loss", "accuracy", "precision", "recall", "f1")
METRICS: Mapping[Task, tuple[str, ...]] = {
    "regression": ("mae", "rmse", "median_absolute_error", "bias", "r2"),
    "binary": (*_CLASSES, "brier", "mean_prediction", "actual_rate"),
    "multiclass": _CLASSES,
}
"""The metrics of each task, by name (services.evaluations.statistics.metrics computes them)."""
DRIFT_METRICS = ("psi", "p_value", "missing")
"""Those of a run on drift (services.evaluations.drift)."""
SMALL = 30
"""Groups with fewer records are marked: one outlier may decide them."""


@dataclass(frozen=True)
class Judged:
    """A prediction as it is compared with the truth.

    ``value`` is the number or the class that was predicted; ``probabilities`` are those of the classes, where
    the model gives them (ranking metrics are undefined without).
    """

    value: TruthValue
    probabilities: Mapping[TruthValue, float] | None = None
