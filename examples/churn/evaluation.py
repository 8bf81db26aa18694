"""What counts as the truth, and how predictions are judged by it."""

from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import JsonValue

from app.schemas.judged import Judged, Task, TruthValue
from examples.churn.input_object import InputObject

LABEL = "churn"
"""The column of an imported CSV that holds the truth, unless the import names another."""

Label = Literal["left", "stayed"]
"""The type of the truth."""

TASK: Task = "binary"
METRICS = ("log_loss", "roc_auc", "average_precision", "accuracy", "precision", "recall")
HEADLINE = ("log_loss", "roc_auc")
"""The metrics that get intervals."""

POSITIVE: TruthValue | None = "left"
"""The class that a binary task is about."""

TIME_FIELD = "as_of"
"""The input's field that windows and buckets of time go by, unless a run names another."""

REPORT_PREFIX = "evaluations"

SLICES: Mapping[str, Callable[[InputObject], str]] = {
    "plan": lambda item: item.plan,
    "region": lambda item: item.region,
}
"""Groups that are judged apart, by name: which one an input belongs to."""


def judge(output: JsonValue) -> Judged:
    """How a prediction is read; ValueError where it cannot be."""
    match output:
        case {
            "label": "left" | "stayed" as label,
            "probabilities": {"left": float() | int() as left, "stayed": float() | int() as stayed},
        }:
            return Judged(label, {"left": left, "stayed": stayed})
    raise ValueError("expected a label and the probabilities of left and stayed")
