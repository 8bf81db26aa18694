"""A metric of a model over time, as its page shows it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.dashboard import words
from app.dashboard.charts import buckets, marks, runs
from app.dashboard.views.run import Panel, slice_panels
from app.schemas.evaluations.metric_history import HistoryRow
from app.schemas.evaluations.runs import MetricValue, Run
from app.schemas.evaluations.timeline import Timeline

MOST_VERSIONS = 6
"""Drawn, the newest by their runs: there are so many colours."""


@dataclass(frozen=True)
class TimelineView:
    """``left_out`` are versions with runs, but none on the window that is looked into."""

    window: str
    bucket: str
    by_bucket: Panel | None
    by_run: Panel
    is_dotted: bool
    slices: Sequence[Panel]
    groups: Sequence[Panel]
    left_out: Sequence[str]
    not_drawn: Sequence[str]
    like: Sequence[tuple[int, str]]
    """Windows to look into: the newest run of each, and what it is."""
    undefined: Sequence[HistoryRow]


def of(found: Timeline) -> TimelineView:
    every = list(dict.fromkeys(run.version for run in found.runs))
    versions = sorted(every[:MOST_VERSIONS], key=_natural)
    chosen = [run for run in found.chosen if run.version in versions]
    bucket = chosen[-1].request.bucket if chosen else None
    parts = _by_version(found.parts, chosen, versions)
    over_runs = runs.over_runs(found.over_runs, found.windows, found.metric, versions)
    return TimelineView(
        window=words.window(chosen[-1].request) if chosen else "",
        bucket=bucket or "",
        by_bucket=_by_bucket(parts, found.metric, bucket),
        by_run=Panel(f"{marks.titled(found.metric)} of each run", over_runs),
        is_dotted=runs.has_dotted([*found.over_runs], found.windows),
        slices=slice_panels(parts, found.metric),
        groups=_groups(found, versions),
        left_out=[one for one in versions if one not in {run.version for run in chosen}],
        not_drawn=sorted(every[MOST_VERSIONS:], key=_natural),
        like=_windows(found),
        undefined=[one for one in (*found.over_runs, *found.parts) if one.value is None],
    )


def _natural(version: str) -> list[tuple[bool, int, str]]:
    """10 comes after 9."""
    parts = re.findall(r"\d+|\D+", version)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _by_version(
    parts: Sequence[HistoryRow], chosen: Sequence[Run], versions: Sequence[str]
) -> dict[str, list[MetricValue]]:
    """In the order of all versions, so that each keeps its colour."""
    there = {run.version for run in chosen}
    return {
        f"version {version}": [one for one in parts if one.version == version]
        for version in versions
        if version in there or any(later in there for later in versions[versions.index(version) :])
    }


def _by_bucket(parts: dict[str, list[MetricValue]], metric: str, bucket: str | None) -> Panel | None:
    series = {name: [one for one in found if one.bucket] for name, found in parts.items()}
    if not any(series.values()):
        return None
    return Panel(f"{marks.titled(metric)} by {bucket or 'bucket'}", buckets.over_buckets(series, metric))


def _groups(found: Timeline, versions: Sequence[str]) -> list[Panel]:
    """A small panel for each of the largest groups, over the runs; where a version has more than one run."""
    counts = [sum(one.version == version for one in found.over_runs) for version in versions]
    if max(counts, default=0) < 2:
        return []
    names = sorted({one.slice for one in found.groups})
    return [
        Panel(name, runs.over_runs(of_it, found.windows, found.metric, versions, small=True), "short")
        for name in names
        if (of_it := [one for one in found.groups if one.slice == name])
    ]


def _windows(found: Timeline) -> list[tuple[int, str]]:
    newest: dict[tuple[object, ...], tuple[int, str]] = {}
    for run in found.runs:
        by = f", by {run.request.bucket}" if run.request.bucket else ""
        newest.setdefault(
            (found.windows[run.id], run.request.bucket), (run.id, f"{words.window(run.request)}{by}")
        )
    return list(newest.values())
