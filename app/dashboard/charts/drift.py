"""How far each feature has moved from the reference: bars, with the thresholds that are agreed on."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from app.dashboard.charts import marks
from app.dashboard.charts.groups import value_of
from app.dashboard.charts.marks import Trace
from app.dashboard.charts.tables import Figure
from app.schemas.evaluations.runs import MetricValue

MOST = 30
"""Features in one figure, those that moved most; all of them are in its data."""
LITTLE, MUCH = 0.1, 0.25
"""Of the population stability index (N. Siddiqi, Credit Risk Scorecards, 2006)."""
THRESHOLDS: Mapping[str, Sequence[tuple[float, str]]] = {
    "psi": ((LITTLE, "some"), (MUCH, "much")),
    "ndcg": ((0.9, "alert below"),),
}
"""For ``ndcg`` that of SageMaker Clarify's monitor."""


def per_feature(found: Sequence[MetricValue], metric: str) -> Figure:
    """A bar for each slice, the one that moved most on top; what is undefined has none, and says why."""
    shown = sorted(found, key=lambda one: (one.value is None, -abs(one.value or 0.0), one.slice))[:MOST]
    names = [feature_of(one.slice) for one in shown]
    data: Trace = {
        "type": "bar",
        "orientation": "h",
        "name": metric,
        "x": [one.value for one in shown],
        "y": [marks.plain(name) for name in names],
        "marker": {"color": [_colour(metric, one.value) for one in shown]},
        "hoverinfo": "text",
        "hovertext": [marks.said(one, name) for name, one in zip(names, shown, strict=True)],
    }
    rows: list[JsonValue] = [
        [name, marks.cell(one), verdict(metric, one.value), one.n]
        for name, one in zip(names, shown, strict=True)
    ]
    order: list[JsonValue] = [marks.plain(name) for name in reversed(names)]
    return {
        "data": [data],
        "layout": {
            "xaxis": {"title": {"text": metric}, "rangemode": "tozero"},
            "yaxis": {
                "type": "category",
                "categoryorder": "array",
                "categoryarray": order,
                "automargin": True,
            },
            "showlegend": False,
            "bargap": 0.35,
            **_thresholds(metric),
        },
        "table": {"head": ["feature", metric, "moved", "records"], "rows": rows},
    }


def feature_of(group: str) -> str:
    """``month`` of ``feature=month``; the predictions are called what they are."""
    return value_of(group)


def verdict(metric: str, value: float | None) -> str:
    """How much that is, in a word; empty where no threshold is agreed on."""
    if metric != "psi" or value is None:
        return ""
    return "little" if value < LITTLE else "some" if value < MUCH else "much"


def _colour(metric: str, value: float | None) -> str:
    if metric != "psi":
        return marks.COLOURS[0]
    return {"some": marks.SOME, "much": marks.WORSE}.get(verdict(metric, value), marks.BETTER)


def _thresholds(metric: str) -> dict[str, JsonValue]:
    up: Trace = {"type": "line", "yref": "paper", "y0": 0, "y1": 1}
    dashed: JsonValue = {"color": marks.NEITHER, "width": 1.2, "dash": "dash"}
    named: Trace = {"yref": "paper", "y": 0, "yanchor": "bottom", "xanchor": "left", "showarrow": False}
    limits = THRESHOLDS.get(metric, ())
    return {
        "shapes": [up | {"x0": at, "x1": at, "line": dashed} for at, _ in limits],
        "annotations": [named | {"x": at, "text": f"{name}: {at:g}"} for at, name in limits],
    }
