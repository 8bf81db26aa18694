"""A metric by day, week or month: a line for each series, its interval behind it, a gap where undefined."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from pydantic import JsonValue

from app.dashboard.charts import marks
from app.dashboard.charts.marks import Trace
from app.dashboard.charts.tables import Figure
from app.schemas.evaluations.runs import MetricValue

Series = Mapping[str, Sequence[MetricValue]]
"""By name, such as ``version 2``, what it was in each bucket."""
FLOOR = 0.03
"""Where what is undefined is marked, as a part of the figure's height."""


def over_buckets(series: Series, metric: str, *, limits: Sequence[tuple[float, str]] = ()) -> Figure:
    """``limits`` are lines across, each with its name."""
    labels = sorted({one.bucket for found in series.values() for one in found})
    data: list[JsonValue] = []
    for place, (name, found) in enumerate(series.items()):
        data += _traces(place, name, sorted(found, key=lambda one: one.bucket))
    return {
        "data": data,
        "layout": {
            "xaxis": {"type": "category", "categoryorder": "array", "categoryarray": list(labels)},
            "yaxis": {"title": {"text": marks.plain(metric)}, "zeroline": False},
            "yaxis2": {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
            "hovermode": "closest",
            **_lines(limits),
        },
        "table": _table(series, labels),
    }


def _traces(place: int, name: str, found: Sequence[MetricValue]) -> list[JsonValue]:
    line: Trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": marks.plain(name),
        "x": [one.bucket for one in found],
        "y": [one.value for one in found],
        "error_y": marks.bars(found) | {"thickness": 1, "width": 0},
        "connectgaps": False,
        "line": {"color": marks.colour(place), "width": 2},
        "marker": marks.marker(place),
        "hoverinfo": "text",
        "hovertext": [f"{one.bucket}, {marks.said(one, name)}" for one in found],
    }
    return [*_bands(place, found), line, *_undefined(place, name, found)]


def _bands(place: int, found: Sequence[MetricValue]) -> list[JsonValue]:
    """An area for each stretch of values that have intervals: gaps stay gaps."""
    areas: list[JsonValue] = []
    for has_interval, stretch in groupby(found, key=lambda one: one.low is not None):
        if has_interval:
            areas.append(_band(place, [*stretch]))
    return areas


def _band(place: int, stretch: Sequence[MetricValue]) -> Trace:
    there, back = [one.bucket for one in stretch], [one.bucket for one in reversed(stretch)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*there, *back],
        "y": [*(one.high for one in stretch), *(one.low for one in reversed(stretch))],
        "fill": "toself",
        "fillcolor": marks.colour(place),
        "opacity": 0.16,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _undefined(place: int, name: str, found: Sequence[MetricValue]) -> list[JsonValue]:
    """Marks at the foot, which say why when one points at them."""
    gaps = [one for one in found if one.value is None]
    if not gaps:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"{marks.plain(name)}, undefined",
            "x": [one.bucket for one in gaps],
            "y": [FLOOR] * len(gaps),
            "yaxis": "y2",
            "marker": {"symbol": "x-thin-open", "size": 10, "color": marks.colour(place)},
            "hoverinfo": "text",
            "hovertext": [f"{one.bucket}, {marks.said(one, name)}" for one in gaps],
        }
    ]


def _lines(limits: Sequence[tuple[float, str]]) -> dict[str, JsonValue]:
    across: Trace = {"type": "line", "xref": "paper", "x0": 0, "x1": 1}
    dashed: JsonValue = {"color": marks.NEITHER, "width": 1.2, "dash": "dash"}
    if not limits:
        return {}
    named: Trace = {"xref": "paper", "x": 1, "xanchor": "left", "showarrow": False}
    return {
        "margin": {"l": 8, "r": 84, "t": 8, "b": 8},  # beside the lines there is room for their names
        "shapes": [across | {"y0": at, "y1": at, "line": dashed} for at, _ in limits],
        "annotations": [
            # The lowest one's name is below its line, out of the way of the others'.
            named | {"y": at, "text": f"{name}: {at:g}", "yanchor": "bottom" if place else "top"}
            for place, (at, name) in enumerate(limits)
        ],
    }


def _table(series: Series, labels: Sequence[str]) -> JsonValue:
    cells = {name: {one.bucket: marks.cell(one) for one in found} for name, found in series.items()}
    rows: list[JsonValue] = [[label, *(of.get(label) for of in cells.values())] for label in labels]
    return {"head": ["bucket", *series], "rows": rows}
