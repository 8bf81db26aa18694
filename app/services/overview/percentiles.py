"""Percentiles out of histograms."""

from bisect import bisect_left
from collections.abc import Mapping

from app.core.signals import SECONDS
from app.schemas.overview.overview import LatencyPercentiles

LARGEST = SECONDS[-1]
MILLISECONDS = 1000


def percentiles(histogram: Mapping[float, int]) -> LatencyPercentiles:
    """Of answers by the upper bounds of their buckets, in seconds. Within a bucket they are taken to lie at
    even distances."""
    buckets = sorted((upto, count) for upto, count in histogram.items() if count)
    total = sum(count for _, count in buckets)
    p50, p95, p99 = (_at(share, total, buckets) for share in (0.5, 0.95, 0.99))
    return LatencyPercentiles(count=total, p50=p50, p95=p95, p99=p99)


def _at(share: float, total: int, buckets: list[tuple[float, int]]) -> float | None:
    below = 0
    for upto, count in buckets:
        if below + count >= share * total:
            lower, upper = _below(upto), min(upto, LARGEST)
            within = (share * total - below) / count
            return round(MILLISECONDS * (lower + (upper - lower) * within), 3)
        below += count
    return None


def _below(upto: float) -> float:
    """The lower bound of a bucket."""
    place = bisect_left(SECONDS, upto)
    return SECONDS[place - 1] if place else 0.0
