"""A drift run: how far a window's inputs and predictions are from a reference's. Needs no truths."""

import math
from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from app.core.errors import AppError
from app.db.evaluations.runs import Metric
from app.schemas.judged import SMALL
from app.schemas.payloads import Payload
from app.services import pipeline
from app.services.evaluations.statistics import drift
from app.services.evaluations.statistics.drift import ReferenceSample
from app.services.evaluations.statistics.samples import Floats, Undefined
from app.services.evaluations.two_windows import DriftTask, Frame, TwoWindows
from app.services.predictions.predictor import Answer
from app.services.runtime import Runtime

PREDICTION = "prediction"
"""The slice of the model's predictions; that of a feature is ``feature=NAME``."""


class Scale:
    """How the values of one feature become numbers: as they are, or in the order texts are first seen."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self._texts: dict[str, float] = {}

    def place(self, value: JsonValue) -> float:
        """NaN where the value is missing."""
        if isinstance(value, str):
            self.kinds.add("texts")
            return self._texts.setdefault(value, float(len(self._texts)))
        if isinstance(value, int | float):
            self.kinds.add("numbers")
            return _as_float(value)
        if value is None:
            return math.nan
        self.kinds.add("lists or objects")
        return 0.0

    @property
    def categories(self) -> bool:
        """Whether the places stand for texts; Undefined if they cannot be measured."""
        if len(self.kinds) > 1 or "lists or objects" in self.kinds:
            raise Undefined(f"the values are {' and '.join(sorted(self.kinds))}")
        return self.kinds == {"texts"}


class Drift(TwoWindows[Answer]):
    """One run of a task: of the features that preprocess makes, and of what is judged of predictions."""

    def __init__(self, runtime: Runtime, task: DriftTask, *, last: bool = False) -> None:
        super().__init__(runtime, runtime.predictor, task, last=last)
        self._use_case = runtime.use_case
        self._features = [f"feature={name}" for name in task.deployment.features]
        self._scales = {group: Scale() for group in (*self._features, PREDICTION)}

    def prepare(self, payloads: Sequence[JsonValue]) -> Sequence[Mapping[str, float]]:
        """A record that cannot be predicted or judged has its features, unless preprocess fails on it, or
        makes it whole."""
        made = pipeline.to_rows(self._use_case, payloads, self.task.deployment)
        return [
            {}
            if isinstance(row, AppError | Payload)
            else self._placed(dict(zip(self._features, row, strict=True)))
            for row in made
        ]

    def places(self, answer: Answer) -> Mapping[str, float]:
        return self._placed({PREDICTION: self._use_case.judged(answer.prediction).value})

    def measure(self, reference: Frame, window: Frame) -> list[Metric]:
        return measure(self._scales, reference, window)

    def _placed(self, values: Mapping[str, JsonValue]) -> Mapping[str, float]:
        return {group: self._scales[group].place(value) for group, value in values.items()}


def measure(scales: Mapping[str, Scale], reference: Frame, window: Frame) -> list[Metric]:
    """The metrics of every slice, for the whole window and each of its buckets."""
    found = []
    for group, scale in scales.items():
        before = ReferenceSample(reference.whole(group))
        found += _measure((group, ""), scale, before, window.whole(group))
        for bucket in window.buckets:
            found += _measure((group, bucket), scale, before, window.bucket(group, bucket))
    return found


def _measure(key: tuple[str, str], scale: Scale, reference: ReferenceSample, window: Floats) -> list[Metric]:
    def psi() -> float:
        return drift.psi(reference, window, categories=scale.categories)

    def p_value() -> float:
        return drift.p_value(reference, window, categories=scale.categories)

    return [
        _metric("psi", key, window.size, psi),
        _metric("p_value", key, window.size, p_value),
        _metric("missing", key, window.size, lambda: drift.missing(window)),
    ]


def _metric(name: str, key: tuple[str, str], n: int, compute: Callable[[], float]) -> Metric:
    value = reason = None
    try:
        value = compute()
    except Undefined as error:
        reason = str(error)
    return Metric(name, *key, value=value, reason=reason, low=None, high=None, n=n, small=n < SMALL)


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # an integer may have more digits than a float can tell
        return math.inf if number > 0 else -math.inf
