"""From the lines of a report to the runs that it tells of."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.db.evaluations.runs import Metric
from app.schemas.reports import ReportImport
from app.services.reports import reading
from app.services.reports.lines import Fault
from app.services.reports.reading import MAX_REASONS, ReportRow
from app.storage import StoredObject


@dataclass(frozen=True)
class Layout:
    """What a key says, as ``<prefix>/<model>/<version>/<timestamp>.csv``; None where it does not."""

    model: str | None
    version: str | None
    evaluated_at: datetime | None


@dataclass
class ReportedRun:
    """A run that a file tells of: its first line, how many lines it has, and its metrics by their keys.

    ``evaluated_at`` is None where neither a line nor the key says it.
    """

    model: str
    version: str
    evaluated_at: datetime | None
    line: int
    lines: int = 0
    metrics: dict[tuple[str, str, str], Metric] = field(default_factory=dict)


@dataclass
class ReportFile:
    """A file that was read: the runs it tells of, and what cannot be used."""

    entry: StoredObject
    runs: list[ReportedRun]
    faults: list[Fault]

    @property
    def skipped(self) -> int:
        """Lines of which something could not be used."""
        return sum(fault.lines for fault in self.faults)


def layout(key: str) -> Layout:
    """What a key says; a time without an offset is UTC."""
    model, version, name = ([None, None, *key.split("/")])[-3:]
    at = reading.moment((name or "").removesuffix(".gz").removesuffix(".csv"))
    return Layout(model, version, at.replace(tzinfo=UTC) if at else None)


def read_file(entry: StoredObject, content: bytes, wanted: ReportImport) -> ReportFile:
    """The runs that the file tells of: the line's own word first, then the caller's, then the key's."""
    said = layout(entry.key)
    file = ReportFile(entry, [], [])
    runs: dict[tuple[str, str, datetime | None], ReportedRun] = {}
    for row in reading.read(content, wanted.delimiter):
        if isinstance(row, Fault):
            file.faults.append(row)
            continue
        model = row.model or wanted.model or said.model
        version = row.version or wanted.version or said.version
        at = row.evaluated_at or said.evaluated_at
        if not model or not version:
            reason = "The model or the version is said neither here, nor by the key or a parameter."
            file.faults.append(Fault(row.line, reason))
            continue
        run = runs.setdefault((model, version, at), ReportedRun(model, version, at, row.line))
        file.faults += _add(run, row)
    file.runs = list(runs.values())
    return file


def _add(run: ReportedRun, row: ReportRow) -> list[Fault]:
    """Add a line's metrics to its run; of metrics that come twice the first stands."""
    run.lines += 1
    repeated = []
    for metric in row.metrics:
        if run.metrics.setdefault((metric.metric, metric.slice, metric.bucket), metric) is not metric:
            repeated.append(metric.metric)
    if not repeated:
        return []
    names = ", ".join(repeated[:MAX_REASONS])
    return [Fault(row.line, f"An earlier line has the same metric, slice and bucket of this run: {names}.")]
