"""Numbers, counted by their size."""

from bisect import bisect_left
from typing import Final

SECONDS: Final = (
    *(0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05),
    *(0.075, 0.1, 0.15, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""From a hit out of memory to what a caller still waits for; the closer, the more happens there."""
ROWS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0)
"""Of one call to a platform."""


class Histogram:
    """``counts`` has a place for each of the bounds, for what is no larger than it and larger than the one
    before, and a last one for the rest; ``total`` is the sum of all that was noted."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def note(self, value: float, count: int = 1) -> None:
        """So many of this size."""
        self.counts[bisect_left(self.bounds, value)] += count
        self.total += value * count

    def add(self, other: "Histogram") -> None:
        """What another one of the same bounds has."""
        self.counts = [ours + theirs for ours, theirs in zip(self.counts, other.counts, strict=True)]
        self.total += other.total

    @property
    def count(self) -> int:
        """Of all that was noted."""
        return sum(self.counts)
