"""What was answered, and what it cost, on the wire."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from app.schemas.values.wire import Documented, Wire

OverviewWindow: TypeAlias = Literal["1h", "24h", "7d", "30d"]


class Steps(NamedTuple):
    """What a window is shown by."""

    number: int
    length: timedelta


WINDOWS: Mapping[OverviewWindow, Steps] = {
    "1h": Steps(60, timedelta(minutes=1)),
    "24h": Steps(24, timedelta(hours=1)),
    "7d": Steps(28, timedelta(hours=6)),
    "30d": Steps(30, timedelta(days=1)),
}
"""Each ends with the step that has begun."""


class AnswerCounts(Documented):
    """Predictions told to callers, each once; those of a batch, a job or an evaluation one by one."""

    hit: int
    """Stored already."""
    miss: int
    """Inferred for the caller."""
    coalesced: int
    """Inferred for somebody else at the time, and waited for."""
    stale: int
    """An older one, in place of an error."""
    error: int


class LatencyPercentiles(Documented):
    """Milliseconds, interpolated within the buckets of a histogram; null where there are none. What is beyond
    the last bound, 60 seconds, is told as that."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None


class Money(Documented):
    """An amount of a currency; several currencies are never added."""

    currency: str
    amount: Decimal
    """As text."""


class Unpriced(Documented):
    """Answers of a version that had no price when they were told, or one that nothing can be made of."""

    model: str
    version: str
    answers: int
    reason: Literal["no price", "no calls seen"]
    """`no calls seen`: its price is per call or hour, and no call of it was ever stored."""


class Savings(Documented):
    """What the cache saved, and what was paid for, by the prices that were in force."""

    answers: int
    """From the cache: `hit`, `coalesced` and `stale`. Each would have been an inference of one row."""
    would_have_cost: list[Money]
    unpriced: list[Unpriced]
    cost: list[Money]
    """What the inferences of the window did cost."""


class InferenceCounts(Documented):
    """What platforms were asked, by the rows of predictions that were stored."""

    rows: int
    calls: int
    copies: int
    """Predictions copied from another record with the same content."""
    latency: LatencyPercentiles
    """Of calls, for each row that they carried."""


class CauseCount(Wire):
    """Errors with one `cause`, the slug of their problem's type."""

    cause: str
    answers: int


class LiveVersion(Documented):
    """The live version of a model."""

    model: str
    version: str
    backend: str
    revision: str
    live_since: datetime | None
    """When it went live the last time."""


class WaitingWork(Documented):
    """What waits for a worker of one kind: `chunks` of prediction jobs, `evaluations` or `operations`."""

    kind: str
    waiting: int
    oldest: datetime | None
    """Since when the oldest waits."""


class OverviewStep(Documented):
    """What was told in one step of the window."""

    at: datetime
    """When it began."""
    answers: AnswerCounts
    hit_latency: LatencyPercentiles
    miss_latency: LatencyPercentiles
    errors: list[CauseCount]


class Overview(Documented):
    """What was answered in a window, and what there is now. A process notes every few seconds what it has
    answered."""

    window: OverviewWindow
    answered_since: datetime
    answered_until: datetime
    step_seconds: int
    answers: AnswerCounts
    """Of all, records of jobs and evaluations among them."""
    asked: AnswerCounts
    """Of those the ones that a caller waited for: of requests and of batches. The hit rate, and the latencies
    of hits and misses, are theirs."""
    hit_rate: float | None
    """The share of `hit` among those that are no errors; null where there are none."""
    hit_latency: LatencyPercentiles
    miss_latency: LatencyPercentiles
    errors: list[CauseCount]
    """The most frequent first."""
    inferences: InferenceCounts
    savings: Savings
    live_versions: list[LiveVersion]
    queue: list[WaitingWork]
    workers: int
    """How many live."""
    steps: list[OverviewStep]
    """The oldest first."""
