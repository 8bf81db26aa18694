"""Calls to hosting platforms."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final, NamedTuple

from app.core.errors import AppError
from app.core.signals.histogram import ROWS, Histogram

OK: Final = "ok"


class CallKey(NamedTuple):
    """``outcome`` is `ok`, or the problem's slug."""

    model: str
    version: str
    outcome: str


class CallTotals:
    """``seconds`` of each call, and its ``rows``, of which the histogram's total is the sum; ``retries``: how
    many of the calls were made again after one that failed."""

    __slots__ = ("retries", "rows", "seconds")

    def __init__(self) -> None:
        self.seconds, self.rows, self.retries = Histogram(), Histogram(ROWS), 0

    def add(self, other: "CallTotals") -> None:
        self.seconds.add(other.seconds)
        self.rows.add(other.rows)
        self.retries += other.retries


calls: Final[dict[CallKey, CallTotals]] = {}


class VersionCalls:
    """Those to one model version."""

    __slots__ = ("model", "version")

    def __init__(self, model: str, version: str) -> None:
        self.model, self.version = model, version

    @contextmanager
    def noted(self, rows: int, *, again: bool = False) -> Iterator[None]:
        """Note the call that is made in the block, and how it ends; not one that is given up. ``again``: one
        like it has failed."""
        began = perf_counter()
        try:
            yield
        except AppError as error:
            self._note(error.slug, perf_counter() - began, rows, again=again)
            raise
        self._note(OK, perf_counter() - began, rows, again=again)

    def _note(self, outcome: str, seconds: float, rows: int, *, again: bool) -> None:
        key = CallKey(self.model, self.version, outcome)
        totals = calls.get(key) or calls.setdefault(key, CallTotals())
        totals.seconds.note(seconds)
        totals.rows.note(rows)
        totals.retries += again
