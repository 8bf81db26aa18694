"""Bootstrap intervals of metrics, and of the difference between two versions on the same records.

Percentile bootstrap (B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13) with a
fixed seed: the same records give the same interval. All metrics are measured on the same resamples, drawn
once, which scipy.stats.bootstrap would do anew for each; nor does it put up with undefined resamples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.schemas.evaluations.directions import HIGHER_IS_BETTER, LOWER_IS_BETTER
from app.schemas.judged import Task
from app.services.evaluations.statistics import metrics
from app.services.evaluations.statistics.samples import Floats, Sample, Undefined
from app.services.evaluations.statistics.vectorised import VECTORISED

LEVEL = 0.95
RESAMPLES = 1000
COSTLY_RESAMPLES = 200
"""For metrics that scikit-learn computes one resample at a time, such as average precision."""
UNDEFINED_SHARE = 0.05
"""Most resamples on which a metric may be undefined (one class only, say) while its interval still counts."""
CELLS = 500_000
"""Resampled records that are held at once, which bounds the memory."""
SEED = 0

Verdict: TypeAlias = Literal["better", "worse", "same", "undecided"]


@dataclass(frozen=True)
class Interval:
    """95% of the resamples lie between these."""

    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """What b's metric has more than a's, on the same records, and whether b is the better for it."""

    value: float
    interval: Interval
    verdict: Verdict


def of(names: Sequence[str], task: Task, sample: Sample) -> dict[str, Interval]:
    """The intervals of metrics that are defined for the sample.

    One that is undefined on too many resamples has none, and neither has one row.
    """
    found = {name: _percentiles(rows[0]) for name, rows in _resampled(names, task, [sample]).items()}
    return {name: interval for name, interval in found.items() if interval is not None}


def differences(names: Sequence[str], task: Task, a: Sample, b: Sample) -> dict[str, Difference]:
    """b's metrics less a's, where both are defined; the samples hold the same records in the same order."""
    found = {}
    for name, (before, after) in _resampled(names, task, [a, b]).items():
        interval, gain = _percentiles(after - before), _percentiles(_gain(name, before, after))
        if interval is not None and gain is not None:
            value = metrics.value(name, task, b) - metrics.value(name, task, a)
            same = np.array_equal(before, after, equal_nan=True)
            found[name] = Difference(value, interval, "same" if same else _verdict(gain))
    return found


def _gain(name: str, before: Floats, after: Floats) -> Floats:
    """How much better b is on each resample; nothing where the metric is not a matter of better."""
    if name in HIGHER_IS_BETTER:
        return after - before
    if name in LOWER_IS_BETTER:
        return before - after
    return np.abs(before) - np.abs(after) if name == "bias" else np.zeros_like(before)


def _verdict(gain: Interval) -> Verdict:
    """Decided only where the interval leaves zero out."""
    if gain.low > 0:
        return "better"
    return "worse" if gain.high < 0 else "undecided"


def _resampled(names: Sequence[str], task: Task, samples: Sequence[Sample]) -> dict[str, Floats]:
    """Each metric on resamples of the records, the same ones for every sample: a row per sample."""
    if samples[0].n < 2:
        return {}
    fast = [name for name in names if name in VECTORISED[task]]
    found = _together(fast, task, samples) if fast else {}
    return found | {name: _one_by_one(name, task, samples) for name in names if name not in fast}


def _together(names: Sequence[str], task: Task, samples: Sequence[Sample]) -> dict[str, Floats]:
    found = []
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for rows in _resamples(samples[0].n, RESAMPLES):
            taken = [sample.take(rows) for sample in samples]
            found.append([[VECTORISED[task][name](one) for one in taken] for name in names])
    values = np.concatenate(found, axis=-1)
    values[~np.isfinite(values)] = np.nan
    return dict(zip(names, values, strict=True))


def _one_by_one(name: str, task: Task, samples: Sequence[Sample]) -> Floats:
    rows = [one for several in _resamples(samples[0].n, COSTLY_RESAMPLES) for one in several]
    return np.asarray([[_value_or_nan(name, task, sample.take(one)) for one in rows] for sample in samples])


def _resamples(n: int, count: int) -> Iterator[NDArray[np.int64]]:
    """Places of records drawn with replacement: ``count`` times n, some at a time."""
    rng = np.random.default_rng(SEED)
    batch = max(1, CELLS // n)
    for start in range(0, count, batch):
        yield rng.integers(0, n, (min(batch, count - start), n))


def _value_or_nan(name: str, task: Task, sample: Sample) -> float:
    try:
        return metrics.value(name, task, sample)
    except Undefined:
        return np.nan


def _percentiles(distribution: Floats) -> Interval | None:
    finite = distribution[np.isfinite(distribution)]
    if finite.size < (1 - UNDEFINED_SHARE) * distribution.size:
        return None
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(finite, [tail, 100 - tail])
    return Interval(float(low), float(high))
