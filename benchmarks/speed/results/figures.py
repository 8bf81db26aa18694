"""Ratios, their spread, and whether a figure is reached."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["met", "not met", "spread too wide"]

TOO_WIDE = (
    "The spread is too wide where the figure lies within what the rounds measured, widened by half of their"
    " range at either end; and where there was one round only."
)


@dataclass(frozen=True)
class Spread:
    """What the rounds measured of one thing, in their order."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def low(self) -> float:
        return min(self.rounds)

    @property
    def high(self) -> float:
        return max(self.rounds)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Each round's own, since rounds differ by what else the machine did. ValueError for other lengths."""
    return Spread(tuple(one / other for one, other in zip(ours, theirs, strict=True)))


@dataclass(frozen=True)
class Figure:
    """What was asked for, and what the rounds measured. ``limit`` is the least, or the most where
    ``at_most``."""

    name: str
    what: str
    limit: float
    measured: Spread
    at_most: bool = False

    @property
    def verdict(self) -> Verdict:
        low, high = self.measured.low, self.measured.high
        margin = (high - low) / 2
        if len(self.measured.rounds) < 2 or low - margin < self.limit < high + margin:
            return "spread too wide"
        reached = high <= self.limit if self.at_most else low >= self.limit
        return "met" if reached else "not met"
