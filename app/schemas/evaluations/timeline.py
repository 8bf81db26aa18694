"""What metrics were over time, as pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.schemas.evaluations.metric_history import HistoryRow
from app.schemas.evaluations.runs import Run


class WindowKey(NamedTuple):
    """Of which records a run is: runs with the same one can be laid beside each other."""

    since: str
    until: str
    time_field: str
    where: str
    """The conditions as canonical JSON."""
    record_prefix: str
    """With which the ids of all its records begin."""


@dataclass(frozen=True)
class Timeline:
    """A metric of a model: over its runs, and within one window by version.

    ``runs`` are the newest finished ones, the newest first; ``windows`` has the window of each by its id.
    ``over_runs`` are the metric of all records in the whole window of each, ``groups`` that of some groups.
    ``chosen`` are the newest runs of versions on one window, by the order of their versions' ids; ``parts``
    are the metric of their buckets and groups.
    """

    metric: str
    metrics: Sequence[str]
    """Those that there are to choose from."""
    runs: Sequence[Run]
    windows: dict[int, WindowKey]
    over_runs: Sequence[HistoryRow]
    groups: Sequence[HistoryRow]
    chosen: Sequence[Run]
    parts: Sequence[HistoryRow]
