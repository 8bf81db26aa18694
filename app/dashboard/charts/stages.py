"""The stages of one prediction, as they followed each other."""

from collections.abc import Sequence

from pydantic import JsonValue

from app.dashboard.charts.tables import Figure
from app.services.browsing.predicting import TimedStage

OF_OURS = "var(--series-1)"
COLOURS = {
    "inference": "var(--series-2)",
    "preprocess": "var(--series-3)",
    "postprocess": "var(--series-3)",
    "wait": "var(--series-6)",
}
"""What is the platform's, and what the user's code; the rest is ours."""


def one_after_another(stages: Sequence[TimedStage]) -> Figure | None:
    """A bar for each, in milliseconds, that begins where the one before ended; None where there is none."""
    if not stages:
        return None
    told: list[JsonValue] = [f"{one.seconds * 1000:.3g} ms" for one in stages]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": "milliseconds",
                "base": [round(one.began * 1000, 3) for one in stages],
                "x": [round(one.seconds * 1000, 3) for one in stages],
                "y": _apart([one.name for one in stages]),
                "text": told,
                "textposition": "outside",
                "cliponaxis": False,
                "marker": {"color": [COLOURS.get(one.name, OF_OURS) for one in stages]},
                "hovertemplate": "%{y}: %{text}<extra></extra>",
            }
        ],
        "layout": {
            "xaxis": {"title": {"text": "milliseconds"}, "rangemode": "tozero"},
            "yaxis": {
                "title": {"text": "stage", "standoff": 16},
                "autorange": "reversed",
                "automargin": True,
            },
            "showlegend": False,
            "bargap": 0.25 if len(stages) > 2 else 0.7,
            "hovermode": "closest",
            "margin": {"l": 8, "r": 64, "t": 8, "b": 8},
        },
    }


def _apart(names: Sequence[str]) -> list[JsonValue]:
    """Those of stages that were gone through again with a number, since each has a place of its own."""
    seen: dict[str, int] = {}
    apart: list[JsonValue] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        apart.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return apart
