"""What was predicted for one record, through time, and why."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import JsonValue

from app.dashboard.charts.tables import Figure
from app.dashboard.filters import instant
from app.schemas.predictions.explanations import Explanation
from app.services.browsing.records import SeenPrediction, SeenRecord

MOST_FEATURES = 15
"""The features of a figure, those that contributed most."""


class RecordFigures(NamedTuple):
    """None where there is nothing to be seen. ``explained``: by the newest prediction that was."""

    through_time: Figure | None
    explained: Figure | None


def of(seen: SeenRecord) -> RecordFigures:
    explanations = (one.explanation for one in seen.predictions if one.explanation is not None)
    newest = next(explanations, None)
    return RecordFigures(through_time(seen), None if newest is None else contributions(newest))


def through_time(seen: SeenRecord) -> Figure | None:
    """A line of points for each model version, and the truth; None where there are not two to be seen."""
    lines: dict[str, list[SeenPrediction]] = defaultdict(list)
    for one in reversed(seen.predictions):
        if one.against_truth.value is not None:
            lines[f"{one.logged.model} {one.logged.version}"].append(one)
    if sum(map(len, lines.values())) < 2:
        return None
    data: list[JsonValue] = [_line(name, made) for name, made in lines.items()]
    if isinstance(seen.truth, int | float) and not isinstance(seen.truth, bool):
        data.append(_truth(seen.truth, [one for made in lines.values() for one in made]))
    return {
        "data": data,
        "layout": {
            "xaxis": {"title": {"text": "computed at ({zone})"}, "type": "date"},
            "yaxis": {"title": {"text": "prediction"}},
            "showlegend": True,
        },
    }


def _line(name: str, made: Sequence[SeenPrediction]) -> JsonValue:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [_moment(one) for one in made],
        "y": [one.against_truth.value for one in made],
        "line": {"shape": "hv", "width": 2},
        "marker": {"size": 8},
    }


def _truth(truth: float, made: Sequence[SeenPrediction]) -> JsonValue:
    moments = sorted(map(_moment, made))
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "truth",
        "x": [*moments],
        "y": [truth] * len(moments),
        "line": {"dash": "dash", "width": 2, "color": "var(--ink-soft)"},
    }


def _moment(one: SeenPrediction) -> str:
    return instant(one.logged.computed_at)


def contributions(explanation: Explanation) -> Figure | None:
    """What each feature contributed, the largest first; None for a model of several numbers."""
    found = {name: part for name, part in explanation.contributions.items() if isinstance(part, float)}
    if len(found) < len(explanation.contributions) or not found:
        return None
    largest = sorted(found, key=lambda name: abs(found[name]), reverse=True)[:MOST_FEATURES]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": "contribution",
                "x": [found[name] for name in largest],
                "y": [*largest],
            }
        ],
        "layout": {
            "xaxis": {"title": {"text": "contribution"}},
            "yaxis": {
                "title": {"text": "feature", "standoff": 16},
                "autorange": "reversed",
                "automargin": True,
            },
            "showlegend": False,
            "hovermode": "closest",
        },
    }
