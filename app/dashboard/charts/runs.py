"""A metric over the runs of a model: points with intervals, joined where runs are of the same window."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

from pydantic import JsonValue

from app.dashboard.charts import marks
from app.dashboard.charts.marks import PlotTrace
from app.dashboard.charts.tables import Figure
from app.dashboard.filters import instant
from app.schemas.evaluations.metric_history import HistoryRow
from app.schemas.evaluations.timeline import WindowKey

DAYS = timedelta(days=2)
"""Runs within so long stand one after the other, and not at their times: these would be a heap."""
DOTTED = "Dotted: the runs are of different windows, so they are not of the same records."


def over_runs(
    found: Sequence[HistoryRow],
    windows: Mapping[int, WindowKey],
    metric: str,
    versions: Sequence[str],
    *,
    small: bool = False,
) -> Figure:
    """``found`` in the order of the runs' finish; ``versions`` gives each its colour. ``small``: one of many,
    without what stands in words beside them."""
    places = _places(found)
    data: list[JsonValue] = []
    for place, version in enumerate(versions):
        if of_it := [one for one in found if one.version == version]:
            data += [*_joins(place, of_it, windows, places), _points(place, version, of_it, places)]
    return {
        "data": data,
        "layout": {
            "xaxis": _across(found, small=small),
            "yaxis": {"title": {"text": "" if small else marks.plain(metric)}, "zeroline": False},
            "showlegend": not small,
            "hovermode": "closest",
        },
        "table": _table(found),
    }


def _is_in_days(found: Sequence[HistoryRow]) -> bool:
    return bool(found) and found[-1].finished_at - found[0].finished_at > DAYS


def _places(found: Sequence[HistoryRow]) -> dict[int, str]:
    """Where each run stands: at its time, or, where all are of one day or two, one after the other."""
    in_days = _is_in_days(found)
    return {
        one.evaluation_id: instant(one.finished_at) if in_days else f"run {one.evaluation_id}"
        for one in found
    }


def _across(found: Sequence[HistoryRow], *, small: bool) -> PlotTrace:
    few: PlotTrace = {"nticks": 3, "tickangle": 0} if small else {}
    if _is_in_days(found):
        return few | {"type": "date", "title": {"text": "" if small else "run finished ({zone})"}}
    order: list[JsonValue] = list(_places(found).values())
    return few | {"type": "category", "categoryorder": "array", "categoryarray": order}


def has_dotted(found: Sequence[HistoryRow], windows: Mapping[int, WindowKey]) -> bool:
    """Whether runs of different windows stand beside each other in one version's line."""
    versions = {one.version for one in found}
    return any(
        not _is_alike(a, b, windows)
        for version in versions
        for a, b in pairwise(one for one in found if one.version == version)
    )


def _points(place: int, version: str, found: Sequence[HistoryRow], places: Mapping[int, str]) -> PlotTrace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"version {version}",
        "x": [places[one.evaluation_id] for one in found],
        "y": [one.value for one in found],
        "error_y": marks.bars(found),
        "marker": marks.marker(place, 8),
        "hoverinfo": "text",
        "hovertext": [marks.said(one, f"version {version}, run {one.evaluation_id}") for one in found],
    }


def _joins(
    place: int,
    found: Sequence[HistoryRow],
    windows: Mapping[int, WindowKey],
    places: Mapping[int, str],
) -> list[JsonValue]:
    """The lines between one run and the next: solid where both judged the same window."""
    lines: list[JsonValue] = []
    for alike, dash in ((True, "solid"), (False, "dot")):
        x: list[JsonValue] = []
        y: list[JsonValue] = []
        for a, b in pairwise(found):
            if _is_alike(a, b, windows) is alike and a.value is not None and b.value is not None:
                x += [places[a.evaluation_id], places[b.evaluation_id], None]
                y += [a.value, b.value, None]
        if x:
            look: JsonValue = {"color": marks.colour(place), "width": 1.6, "dash": dash}
            line: PlotTrace = {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": look}
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
