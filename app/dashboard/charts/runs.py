"""A metric over the runs of a model: points with intervals, joined where runs are of the same window."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pydantic import JsonValue

from app.dashboard.charts import marks
from app.dashboard.charts.marks import Trace
from app.dashboard.charts.tables import Figure
from app.schemas.evaluations.metric_history import HistoryRow
from app.schemas.evaluations.timeline import WindowKey

DOTTED = "Dotted: the runs are of different windows, so they are not of the same records."


def over_runs(
    found: Sequence[HistoryRow],
    windows: Mapping[int, WindowKey],
    metric: str,
    versions: Sequence[str],
) -> Figure:
    """``found`` in the order of the runs' finish; ``versions`` gives each its colour."""
    data: list[JsonValue] = []
    for place, version in enumerate(versions):
        if of_it := [one for one in found if one.version == version]:
            data += [*_joins(place, of_it, windows), _points(place, version, of_it)]
    return {
        "data": data,
        "layout": {
            "xaxis": {"type": "date", "title": {"text": "run finished (UTC)"}},
            "yaxis": {"title": {"text": marks.titled(metric)}, "zeroline": False},
            "showlegend": True,
            "hovermode": "closest",
        },
        "table": _table(found),
    }


def has_dotted(found: Sequence[HistoryRow], windows: Mapping[int, WindowKey]) -> bool:
    """Whether runs of different windows stand beside each other in one version's line."""
    versions = {one.version for one in found}
    return any(
        not _is_alike(a, b, windows)
        for version in versions
        for a, b in pairwise(one for one in found if one.version == version)
    )


def _points(place: int, version: str, found: Sequence[HistoryRow]) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"version {version}",
        "x": [one.finished_at.isoformat() for one in found],
        "y": [one.value for one in found],
        "error_y": marks.bars(found),
        "marker": marks.marker(place, 8),
        "hoverinfo": "text",
        "hovertext": [marks.said(one, f"version {version}, run {one.evaluation_id}") for one in found],
    }


def _joins(place: int, found: Sequence[HistoryRow], windows: Mapping[int, WindowKey]) -> list[JsonValue]:
    """The lines between one run and the next: solid where both judged the same window."""
    lines: list[JsonValue] = []
    for alike, dash in ((True, "solid"), (False, "dot")):
        x: list[JsonValue] = []
        y: list[JsonValue] = []
        for a, b in pairwise(found):
            if _is_alike(a, b, windows) is alike and a.value is not None and b.value is not None:
                x += [a.finished_at.isoformat(), b.finished_at.isoformat(), None]
                y += [a.value, b.value, None]
        if x:
            look: JsonValue = {"color": marks.colour(place), "width": 1.6, "dash": dash}
            line: Trace = {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": look}
            lines.append(line | {"hoverinfo": "skip", "showlegend": False})
    return lines


def _is_alike(a: HistoryRow, b: HistoryRow, windows: Mapping[int, WindowKey]) -> bool:
    """A report does not say of which window it is."""
    kinds = {a.kind, b.kind}
    return kinds == {"quality"} and windows[a.evaluation_id] == windows[b.evaluation_id]


def _table(found: Sequence[HistoryRow]) -> JsonValue:
    rows: list[JsonValue] = [
        [one.evaluation_id, one.version, one.finished_at.isoformat(), marks.cell(one), one.n] for one in found
    ]
    return {"head": ["run", "version", "finished", "value", "records"], "rows": rows}
