"""What counts as the truth, and how predictions are judged by it."""

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from app.schemas.judged import Judged, Task, TruthValue
from examples.transit.input_object import InputObject

LABEL = "transit_minutes"
"""The column of an imported CSV that holds the truth."""

Label = float
"""The type of the truth, in the unit of the prediction: here minutes."""

TASK: Task = "regression"
METRICS = ("mae", "rmse", "median_absolute_error", "bias", "r2")
HEADLINE = ("mae", "bias")
"""The metrics that get intervals."""

POSITIVE: TruthValue | None = None
"""The class that a binary task is about; for labels other than true and false, or 1 and 0."""

TIME_FIELD = "scheduled_at"
"""The input's field that windows and buckets of time go by, unless a run names another."""

REPORT_PREFIX = "evaluations"

SLICES: Mapping[str, Callable[[InputObject], str]] = {
    "carrier": lambda item: item.carrier,
    "origin": lambda item: item.origin,
}
"""Groups that are judged apart, by name: which one an input belongs to."""


def judge(output: JsonValue) -> Judged:
    """How a prediction is read; ValueError where it cannot be."""
    if isinstance(output, bool) or not isinstance(output, int | float):
        raise ValueError(f"expected a number, got {type(output).__name__}")
    return Judged(float(output))
