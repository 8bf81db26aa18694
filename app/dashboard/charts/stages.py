"""The stages of one prediction, as they followed each other."""

from collections.abc import Sequence

from app.dashboard.charts.tables import Figure
from app.services.browsing.predicting import TimedStage


def one_after_another(stages: Sequence[TimedStage]) -> Figure | None:
    """A bar for each, in milliseconds, that begins where the one before ended; None where there is none."""
    if not stages:
        return None
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": "milliseconds",
                "base": [round(one.began * 1000, 3) for one in stages],
                "x": [round(one.seconds * 1000, 3) for one in stages],
                "y": _apart([one.name for one in stages]),
            }
        ],
        "layout": {
            "xaxis": {"title": {"text": "milliseconds"}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": "stage"}, "autorange": "reversed", "automargin": True},
            "showlegend": False,
            "height": 60 + 30 * len(stages),
            "bargap": 0.3,
        },
    }


def _apart(names: Sequence[str]) -> list[str]:
    """Those of stages that were gone through again with a number, since each has a place of its own."""
    seen: dict[str, int] = {}
    apart = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        apart.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return apart
