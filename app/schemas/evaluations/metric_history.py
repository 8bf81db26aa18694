"""The metrics of finished runs: what may be looked for, and what is found."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from app.schemas.evaluations.runs import Kind, MetricValue
from app.schemas.values.wire import Wire

Order: TypeAlias = Literal["-finished_at", "finished_at", "value", "-value"]


@dataclass(frozen=True)
class MetricSearch:
    """What to look for; None does not narrow. Undefined values match no threshold and come last.

    The times are those at which runs finished, ``finished_until`` excluded.
    """

    kind: str | None = None
    model: str | None = None
    version: str | None = None
    metric: str | None = None
    slice: str | None = None
    bucket: str | None = None
    finished_since: datetime | None = None
    finished_until: datetime | None = None
    at_least: float | None = None
    at_most: float | None = None


class HistoryRow(MetricValue):
    """A metric of a finished run."""

    evaluation_id: int
    kind: Kind
    model: str
    version: str
    finished_at: datetime


class HistoryPage(Wire):
    """Metrics of many runs; `next_cursor` is null on the last page."""

    items: list[HistoryRow]
    next_cursor: str | None
