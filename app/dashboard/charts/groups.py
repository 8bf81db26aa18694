"""Groups of a slice beside each other: their values with intervals, or what two runs differ by in each."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from app.dashboard.charts import marks
from app.dashboard.charts.marks import Trace
from app.dashboard.charts.tables import Figure
from app.schemas.evaluations.runs import ComparedMetric, MetricValue

MOST = 20
"""Groups in one figure, those of most records; all of them are in its data."""
VERDICTS = {"better": marks.BETTER, "worse": marks.WORSE}
SHAPES = {"better": "circle", "worse": "x"}
SHORT, TALL = 4, 10
"""Rows, up to which a figure is a short one, and above which it is a tall one."""


def by_slice(found: Sequence[MetricValue]) -> dict[str, list[MetricValue]]:
    """The groups of each slice by its name, those of most records first."""
    slices: dict[str, list[MetricValue]] = {}
    for one in sorted(found, key=lambda one: (-one.n, one.slice)):
        if one.slice:
            slices.setdefault(one.slice.partition("=")[0], []).append(one)
    return slices


def dots(
    series: Mapping[str, Sequence[MetricValue]], metric: str, scale: tuple[float, float] | None
) -> Figure:
    """One slice: a row for each of its groups, a dot for each series. ``scale`` is that of all panels."""
    sizes: dict[str, int] = {}
    for found in series.values():
        for one in found:
            sizes[one.slice] = max(one.n, sizes.get(one.slice, 0))
    groups = sorted(sizes, key=lambda group: (-sizes[group], group))[:MOST]
    data: list[JsonValue] = [
        _dots(place, name, [one for one in found if one.slice in groups])
        for place, (name, found) in enumerate(series.items())
    ]
    return {
        "data": data,
        "layout": {
            "xaxis": {"title": {"text": marks.plain(metric)}, "range": list(scale) if scale else None},
            "yaxis": _rows([value_of(group) for group in groups]),
            "showlegend": len(series) > 1,
            "hovermode": "closest",
        },
        "table": _table(series, groups, sizes),
    }


def height(rows: int) -> str:
    """How tall a figure with so many rows is, as the macro ``chart`` takes it."""
    return "short" if rows <= SHORT else "tall" if rows > TALL else ""


def scale(found: Sequence[MetricValue]) -> tuple[float, float] | None:
    """From the least to the most of the values and intervals that are of enough records, with some room:
    those of few may lie far out, and all others would be a heap."""
    of_enough = [one for one in found if not one.small] or found
    ends = [end for one in of_enough for end in (one.value, one.low, one.high) if end is not None]
    if not ends:
        return None
    room = (max(ends) - min(ends)) * 0.06 or abs(max(ends)) * 0.06 or 1.0
    return min(ends) - room, max(ends) + room


def value_of(group: str) -> str:
    """``UA`` of ``carrier=UA``."""
    return group.partition("=")[2] or group


def _dots(place: int, name: str, found: Sequence[MetricValue]) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "orientation": "h",
        "name": marks.plain(name),
        "x": [one.value for one in found],
        "y": [marks.plain(value_of(one.slice)) for one in found],
        "error_x": marks.bars(found),
        "marker": marks.marker(place, 9, [one.small for one in found]),
        "hoverinfo": "text",
        "hovertext": [marks.said(one, f"{one.slice}, {name}") for one in found],
    }


def _rows(names: Sequence[str]) -> dict[str, JsonValue]:
    """An axis with a row for each, the first on top."""
    order: list[JsonValue] = [marks.plain(name) for name in reversed(names)]
    return {"type": "category", "categoryorder": "array", "categoryarray": order, "automargin": True}


def _table(
    series: Mapping[str, Sequence[MetricValue]], groups: Sequence[str], sizes: Mapping[str, int]
) -> JsonValue:
    cells = {name: {one.slice: marks.cell(one) for one in found} for name, found in series.items()}
    rows: list[JsonValue] = [
        [group, *(of.get(group) for of in cells.values()), sizes[group]] for group in groups
    ]
    return {"head": ["group", *series, "records"], "rows": rows}


def differences(found: Sequence[ComparedMetric], metric: str, what: str) -> Figure:
    """What two runs differ by in a metric, group by group: beyond the line is decided, by its colour.

    ``what`` names the difference: ``version 2 less version 1``.
    """
    names = [value_of(_name(one)) for one in found]
    dots: Trace = {
        "type": "scatter",
        "mode": "markers",
        "orientation": "h",
        "name": marks.plain(what),
        "x": [one.difference for one in found],
        "y": [marks.plain(name) for name in names],
        "error_x": _spread(found) | {"color": marks.NEITHER},
        "marker": {
            "size": 9,
            "color": [VERDICTS.get(one.verdict, marks.NEITHER) for one in found],
            "symbol": [SHAPES.get(one.verdict, "circle-open") for one in found],
        },
        "hoverinfo": "text",
        "hovertext": [_said(one) for one in found],
    }
    rows: list[JsonValue] = [
        [name, _difference(one), one.verdict, one.n] for name, one in zip(names, found, strict=True)
    ]
    return {
        "data": [dots],
        "layout": {
            "xaxis": {
                "title": {"text": f"{marks.plain(metric)}: {marks.plain(what)}"},
                "rangemode": "tozero",
                "zeroline": True,
                "zerolinewidth": 2,
                "zerolinecolor": "var(--line-strong)",
            },
            "yaxis": _rows(names),
            "showlegend": False,
            "hovermode": "closest",
        },
        "table": {"head": ["group", "difference", "verdict", "records"], "rows": rows},
    }


def _name(one: ComparedMetric) -> str:
    return one.slice or one.bucket or "all records"


def _spread(found: Sequence[ComparedMetric]) -> Trace:
    pairs = [(one.difference, one.low, one.high) for one in found]
    return {
        "type": "data",
        "symmetric": False,
        "thickness": 1.4,
        "width": 3,
        "array": [None if value is None or high is None else high - value for value, _, high in pairs],
        "arrayminus": [None if value is None or low is None else value - low for value, low, _ in pairs],
    }


def _difference(one: ComparedMetric) -> JsonValue:
    if one.difference is None:
        return f"none: {one.reason}"
    return one.difference if one.low is None or one.high is None else [one.difference, one.low, one.high]


def _said(one: ComparedMetric) -> str:
    head = f"<b>{marks.plain(_name(one))}</b>: {one.verdict}<br>"
    if one.difference is None:
        return f"{head}{marks.plain(one.reason or '')}"
    interval = "" if one.low is None or one.high is None else f" [{one.low:.3g}, {one.high:.3g}]"
    return f"{head}{one.difference:.3g}{interval}<br>{one.n:,} records"
