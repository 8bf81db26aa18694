"""Which way a metric is better."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

Direction: TypeAlias = Literal["higher", "lower", "zero"]
"""What is better: more, less, or what is closer to zero."""
HIGHER_IS_BETTER = frozenset({"r2", "roc_auc", "average_precision", "accuracy", "precision", "recall", "f1"})
LOWER_IS_BETTER = frozenset({"mae", "rmse", "median_absolute_error", "log_loss", "brier"})
"""Bias is better the closer it is to zero; mean_prediction and actual_rate are not a matter of better, nor is
what was measured elsewhere under a name that is none of ours."""
DIRECTIONS: Mapping[str, Direction] = {
    **dict.fromkeys(HIGHER_IS_BETTER, "higher"),
    **dict.fromkeys(LOWER_IS_BETTER, "lower"),
    "bias": "zero",
}
