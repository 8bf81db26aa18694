"""What counts as the truth, and how predictions are judged by it.

``judge`` gets what ``postprocess`` returned and says what was predicted: a number, or a class with the
probabilities of all classes where the model gives them. A change here changes no prediction, so it can be
made at any time; runs that were made before keep their numbers.
"""

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from app.schemas.judged import Judged, Task, TruthValue
from examples.blank.input_object import InputObject

LABEL = "label"
"""The column of an imported CSV that holds the truth."""

Label = float
"""The type of the truth, in the unit of the prediction: ``float``, or ``Literal["yes", "no"]``."""

TASK: Task = "regression"
"""Or ``binary``, or ``multiclass``."""

METRICS: tuple[str, ...] = ("mae", "rmse", "bias")
"""docs/evaluations.md lists those of each task."""

HEADLINE: tuple[str, ...] = ("mae",)
"""The metrics that get intervals."""

POSITIVE: TruthValue | None = None
"""The class that a binary task is about; for labels other than true and false, or 1 and 0."""

TIME_FIELD: str | None = None
"""The input's field that windows and buckets of time go by, unless a run names another; None: by none."""

REPORT_PREFIX = "evaluations"
"""The folder of the storage that reports are written to."""

SLICES: Mapping[str, Callable[[InputObject], str]] = {}
"""Groups that are judged apart, by name: which one an input belongs to."""


def judge(output: JsonValue) -> Judged:
    """How a prediction is read; ValueError where it cannot be."""
    if isinstance(output, bool) or not isinstance(output, int | float):
        raise ValueError(f"expected a number, got {type(output).__name__}")
    return Judged(float(output))
