"""Bootstrap intervals of metrics, and of the difference between two versions on the same records.

Percentile bootstrap (scipy.stats.bootstrap) with a fixed seed: the same records give the same interval.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from app.schemas.judged import Task
from app.services import metrics
from app.services.metrics import Floats, Sample, Undefined

LEVEL = 0.95
RESAMPLES = 1000
"""For metrics that are means of one loss per record."""
COSTLY_RESAMPLES = 200
"""For metrics that are computed anew on every resample, such as an area under a curve."""
UNDEFINED_SHARE = 0.05
"""Most resamples on which a metric may be undefined (one class only, say) while its interval still counts."""
CELLS = 2_000_000
"""Numbers held at once, which bounds the memory."""

Verdict: TypeAlias = Literal["better", "worse", "undecided"]
Statistic: TypeAlias = Callable[[NDArray[np.int64]], float]


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


def interval(name: str, task: Task, sample: Sample) -> Interval | None:
    """The metric's interval; None where there is none (one row, or undefined on too many resamples)."""
    if sample.n < 2:
        return None
    losses = metrics.losses(name, task, sample)
    if losses is None:
        return _recomputed(sample.n, lambda chosen: metrics.value(name, task, sample.take(chosen)))
    return _of_mean(losses, name)


def difference(name: str, task: Task, a: Sample, b: Sample) -> Difference:
    """b's metric less a's; the samples hold the same records in the same order. Raises Undefined."""
    before, after = metrics.value(name, task, a), metrics.value(name, task, b)
    spread = _paired(name, task, a, b) if a.n > 1 else None
    if spread is None:
        raise Undefined("too few records for an interval of the difference")
    return Difference(after - before, spread, _verdict(name, before, after, spread))


def _paired(name: str, task: Task, a: Sample, b: Sample) -> Interval | None:
    before, after = metrics.losses(name, task, a), metrics.losses(name, task, b)
    if before is None or after is None:
        return _recomputed(
            a.n,
            lambda rows: metrics.value(name, task, b.take(rows)) - metrics.value(name, task, a.take(rows)),
        )
    root = name in metrics.ROOTS

    def statistic(x: Floats, y: Floats, axis: int = -1) -> Floats:
        return _rooted(np.mean(y, axis=axis), root) - _rooted(np.mean(x, axis=axis), root)

    return _percentiles(_bootstrap((before, after), statistic))


def _of_mean(losses: Floats, name: str) -> Interval | None:
    def statistic(x: Floats, axis: int = -1) -> Floats:
        return _rooted(np.mean(x, axis=axis), name in metrics.ROOTS)

    return _percentiles(_bootstrap((losses,), statistic))


def _rooted(mean: Floats, root: bool) -> Floats:
    return np.asarray(np.sqrt(mean) if root else mean, dtype=np.float64)


def _bootstrap(data: tuple[Floats, ...], statistic: Callable[..., Floats]) -> Floats:
    result = stats.bootstrap(
        data,
        statistic,
        paired=len(data) > 1,
        vectorized=True,
        method="percentile",
        n_resamples=RESAMPLES,
        batch=max(1, CELLS // data[0].size),
        rng=np.random.default_rng(0),
    )
    return np.asarray(result.bootstrap_distribution, dtype=np.float64)


def _recomputed(n: int, statistic: Statistic) -> Interval | None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(COSTLY_RESAMPLES):
        try:
            found.append(statistic(rng.integers(0, n, n)))
        except Undefined:
            found.append(np.nan)
    return _percentiles(np.asarray(found))


def _percentiles(distribution: Floats) -> Interval | None:
    if np.mean(~np.isfinite(distribution)) > UNDEFINED_SHARE:
        return None
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.nanpercentile(distribution, [tail, 100 - tail])
    return Interval(float(low), float(high))


def _verdict(name: str, before: float, after: float, spread: Interval) -> Verdict:
    """Decided only where the interval leaves zero out, and the metric is one of better and worse."""
    if spread.low <= 0 <= spread.high:
        return "undecided"
    if name in metrics.HIGHER_IS_BETTER:
        return "better" if spread.low > 0 else "worse"
    if name in metrics.LOWER_IS_BETTER:
        return "better" if spread.high < 0 else "worse"
    if name == "bias":
        return "better" if abs(after) < abs(before) else "worse"
    return "undecided"
