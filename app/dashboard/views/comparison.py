"""Two runs beside each other, as their page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.dashboard.charts import groups, marks
from app.dashboard.views.run import Panel
from app.schemas.evaluations.runs import ComparedMetric, Run
from app.services.evaluations.verdicts.side_by_side import SideBySide


@dataclass(frozen=True)
class ComparisonView:
    """``a`` and ``b`` name the two."""

    a: str
    b: str
    metrics: Sequence[str]
    panels: Sequence[Panel]


def of(found: SideBySide) -> ComparisonView:
    a, b = _names(found.a, found.b)
    what = f"{b} less {a}"
    by_bucket = [one for one in found.groups if one.bucket]
    panels = []
    if by_bucket:
        caption = f"{marks.titled(found.metric)} by {found.b.request.bucket or 'bucket'}: {what}"
        panels.append(Panel(caption, groups.differences(by_bucket, found.metric, what), _height(by_bucket)))
    for name, of_it in _by_slice(found.groups):
        shown = of_it[: groups.MOST]
        more = f", the {groups.MOST} largest of {len(of_it):,}" if len(of_it) > groups.MOST else ""
        figure = groups.differences(shown, found.metric, what)
        panels.append(Panel(f"{found.metric} by {name}{more}: {what}", figure, _height(shown)))
    return ComparisonView(a, b, [one.metric for one in found.whole.metrics], panels)


def _names(a: Run, b: Run) -> tuple[str, str]:
    if a.version != b.version:
        return f"version {a.version}", f"version {b.version}"
    return f"run {a.id}", f"run {b.id}"


def _by_slice(found: Sequence[ComparedMetric]) -> list[tuple[str, list[ComparedMetric]]]:
    """The groups of each slice, those of most records first; the slice with the fewest groups first."""
    slices = dict[str, list[ComparedMetric]]()
    for one in sorted(found, key=lambda one: (-one.n, one.slice)):
        if one.slice:
            slices.setdefault(one.slice.partition("=")[0], []).append(one)
    return sorted(slices.items(), key=lambda one: (len(one[1]), one[0]))


def _height(found: Sequence[ComparedMetric]) -> str:
    return groups.height(len(found))
