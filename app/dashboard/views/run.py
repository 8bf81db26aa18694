"""One evaluation run as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.dashboard.charts import buckets, drift, groups, marks
from app.dashboard.charts.tables import Figure
from app.schemas.evaluations.runs import Evaluation, MetricValue
from app.schemas.judged import SMALL

MOST_REASONS = 50
"""Undefined values that are listed; the data has all."""
MOST_LINES = 6
"""Features whose course is drawn."""
RANKED = {"drift": "psi", "attribution_drift": "attribution_change"}
"""The metric that says how far each feature has moved, by the run's kind."""


@dataclass(frozen=True)
class Panel:
    """A figure with its caption; ``height`` as the macro ``chart`` takes it."""

    caption: str
    figure: Figure
    height: str = ""


@dataclass(frozen=True)
class RunView:
    """``whole`` are the metrics of all records in the whole window; ``metric`` is the one that is drawn."""

    whole: Sequence[MetricValue]
    metric: str
    metrics: Sequence[str]
    panels: Sequence[Panel]
    slices: Sequence[Panel]
    undefined: Sequence[MetricValue]
    more_undefined: int


def of(run: Evaluation, metric: str | None, order: Sequence[str] = ()) -> RunView:
    """What was found, by the metric that is asked for or the first; ``order`` is that of metrics."""
    ranks = {name: place for place, name in enumerate(order)}
    whole = [one for one in run.metrics if (one.slice, one.bucket) == ("", "")]
    whole.sort(key=lambda one: ranks.get(one.metric, len(ranks)))
    names = list(dict.fromkeys(one.metric for one in [*whole, *run.metrics]))
    ranked = RANKED.get(run.kind, "")
    shown = next((name for name in (metric, ranked, *names) if name in names), "")
    undefined = [one for one in run.metrics if one.value is None]
    of_it = [one for one in run.metrics if one.metric == shown]
    return RunView(
        whole=whole,
        metric=shown,
        metrics=names,
        panels=_drifted(run, shown, of_it) if ranked else _over_time(run, shown, of_it),
        slices=[] if ranked else slice_panels({f"version {run.version}": of_it}, shown),
        undefined=undefined[:MOST_REASONS],
        more_undefined=max(0, len(undefined) - MOST_REASONS),
    )


def _over_time(run: Evaluation, metric: str, found: Sequence[MetricValue]) -> list[Panel]:
    by_bucket = [one for one in found if one.bucket]
    if not by_bucket:
        return []
    figure = buckets.over_buckets({f"version {run.version}": by_bucket}, metric)
    return [Panel(f"{marks.titled(metric)} by {run.request.bucket or 'bucket'}", figure)]


def _drifted(run: Evaluation, metric: str, found: Sequence[MetricValue]) -> list[Panel]:
    whole = [one for one in found if one.slice and not one.bucket]
    panels = []
    if whole:
        height = groups.height(min(len(whole), drift.MOST))
        figure = drift.per_feature(whole, metric)
        panels.append(Panel(f"{metric} of each feature, against the reference", figure, height))
    if any(one.bucket for one in found):
        series = _courses(found, whole)
        figure = buckets.over_buckets(series, metric, limits=drift.THRESHOLDS.get(metric, ()))
        panels.append(Panel(f"{metric} by {run.request.bucket or 'bucket'}", figure))
    return panels


def _courses(found: Sequence[MetricValue], whole: Sequence[MetricValue]) -> dict[str, list[MetricValue]]:
    """Those that moved most, or the metric of all where there are no features."""
    moved = sorted(whole, key=lambda one: -abs(one.value or 0.0))[:MOST_LINES]
    names = [one.slice for one in moved] or [""]
    return {
        drift.feature_of(name) or "all": [one for one in found if one.slice == name and one.bucket]
        for name in names
    }


def slice_panels(series: dict[str, list[MetricValue]], metric: str) -> list[Panel]:
    """A panel for each slice, all on one scale, a dot for each of the series."""
    sliced = {
        name: groups.by_slice([one for one in found if not one.bucket]) for name, found in series.items()
    }
    every = [one for of_it in sliced.values() for members in of_it.values() for one in members]
    scale = groups.scale(every)
    panels = []
    for name in dict.fromkeys(name for of_it in sliced.values() for name in of_it):
        members = {one: of_it.get(name, []) for one, of_it in sliced.items()}
        figure = groups.dots(members, metric, scale)
        count = len({one.slice for of_it in members.values() for one in of_it})
        more = f", the {groups.MOST} largest of {count:,}" if count > groups.MOST else ""
        hollow = any(one.small for of_it in members.values() for one in of_it)
        few = f" (hollow: under {SMALL} records, may reach beyond the scale)" if hollow else ""
        height = groups.height(min(count, groups.MOST))
        panels.append(Panel(f"{metric} by {name}{more}{few}", figure, height))
    return panels
