"""A run of the kind attribution_drift: whether features contribute to predictions as they did in a reference.

Needs no truths, and a version with an explainer: what is not explained yet is explained, and so paid for.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from pydantic import JsonValue

from app.db.evaluations.runs import Metric
from app.schemas.judged import SMALL
from app.services.evaluations.statistics import attribution
from app.services.evaluations.statistics.samples import Floats, Undefined
from app.services.evaluations.two_windows import DriftTask, Frame, TwoWindows
from app.services.explanations.explaining import ExplainedAnswer, Explaining
from app.services.runtime import Runtime


class AttributionDrift(TwoWindows[ExplainedAnswer]):
    """One run of a task. Of each record counts how much each feature contributes, whichever way; where a
    model gives several numbers, to all of them."""

    def __init__(self, runtime: Runtime, task: DriftTask, *, last: bool = False) -> None:
        super().__init__(runtime, Explaining(runtime.predictor), task, last=last)
        self._features = [f"feature={name}" for name in task.deployment.features]

    def prepare(self, payloads: Sequence[JsonValue]) -> Sequence[Mapping[str, float]]:
        return [{}] * len(payloads)

    def places(self, answer: ExplainedAnswer) -> Mapping[str, float]:
        contributions = answer.explanation.contributions
        return {f"feature={name}": float(np.abs(each).sum()) for name, each in contributions.items()}

    def measure(self, reference: Frame, window: Frame) -> list[Metric]:
        before, _ = self._means(reference.whole)
        found = self._measured("", before, *self._means(window.whole))
        for bucket in window.buckets:
            found += self._measured(bucket, before, *self._means(partial(window.bucket, bucket=bucket)))
        return found

    def _means(self, of: Callable[[str], Floats]) -> tuple[Floats, int]:
        """Of each feature, and of how many records; empty where nothing was explained."""
        columns = [column for group in self._features if (column := of(group)).size]
        return np.array([column.mean() for column in columns]), columns[0].size if columns else 0

    def _measured(self, bucket: str, before: Floats, after: Floats, n: int) -> list[Metric]:
        def ndcg() -> float:
            return attribution.ndcg(_some(before, "reference"), _some(after, "window"))

        def share(place: int) -> float:
            return float(attribution.shares(_some(after, "window"))[place])

        def change(place: int) -> float:
            return share(place) - float(attribution.shares(_some(before, "reference"))[place])

        found = [_metric("ndcg", "", bucket, n, ndcg)]
        for place, group in enumerate(self._features):
            found.append(_metric("attribution_share", group, bucket, n, partial(share, place)))
            found.append(_metric("attribution_change", group, bucket, n, partial(change, place)))
        return found


def _some(means: Floats, name: str) -> Floats:
    if not means.size:
        raise Undefined(f"the {name} has no explained predictions")
    return means


def _metric(name: str, group: str, bucket: str, n: int, compute: Callable[[], float]) -> Metric:
    value = reason = None
    try:
        value = compute()
    except Undefined as error:
        reason = str(error)
    return Metric(name, group, bucket, value=value, reason=reason, low=None, high=None, n=n, small=n < SMALL)
