"""Figures of the overview: what was answered over time, how fast, and what failed."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from app.dashboard.charts.tables import Figure
from app.dashboard.filters import instant
from app.schemas.overview.overview import AnswerCounts, OverviewStep

COLOURS = {
    "hit": "var(--series-1)",
    "coalesced": "var(--series-3)",
    "stale": "var(--series-4)",
    "miss": "var(--series-2)",
    "error": "var(--bad)",
}
"""Of outcomes, from the bottom of the bars to their top."""
PERCENTILES = {"p50": "solid", "p95": "dash", "p99": "dot"}
"""With how their lines are drawn."""
TICKS: Mapping[float, str] = {
    0.3: "0.3 ms",
    1: "1 ms",
    3: "3 ms",
    10: "10 ms",
    30: "30 ms",
    100: "100 ms",
    300: "300 ms",
    1000: "1 s",
    3000: "3 s",
    10_000: "10 s",
    30_000: "30 s",
    60_000: "60 s",
}
"""Of milliseconds on a logarithmic axis: Plotly's own repeat their digits, crowded on a short range."""
MOST_CAUSES = 5
"""With bars of their own; the others are one."""


def answers(steps: Sequence[OverviewStep]) -> Figure:
    """Answers by outcome, one on the other; an outcome that never came is left out."""
    names = [name for name in AnswerCounts.model_fields if any(getattr(one.answers, name) for one in steps)]
    bars: list[JsonValue] = [
        _bar(steps, name, [getattr(one.answers, name) for one in steps], COLOURS[name])
        for name in COLOURS
        if name in names
    ]
    return {"data": bars, "layout": _stacked(steps, "answers")}


def latency(steps: Sequence[OverviewStep]) -> Figure:
    """Percentiles of hits and of misses in milliseconds, on a scale that shows both; nothing is a gap."""
    lines = [
        _line(steps, f"{outcome} {name}", _percentile(steps, outcome, name), COLOURS[outcome], dash)
        for outcome in ("hit", "miss")
        for name, dash in PERCENTILES.items()
    ]
    return {
        "data": [line for line in lines if any(_numbers(line))],
        "layout": {
            "xaxis": _times(steps),
            "yaxis": {"type": "log", "tickvals": [*TICKS], "ticktext": [*TICKS.values()]},
        },
    }


def errors(steps: Sequence[OverviewStep], causes: Sequence[str]) -> Figure:
    """Errors by cause, one on the other; ``causes`` come with the most frequent first."""
    of_step = [{one.cause: one.answers for one in step.errors} for step in steps]
    bars = [_bar(steps, cause, [one.get(cause, 0) for one in of_step]) for cause in causes[:MOST_CAUSES]]
    if rest := causes[MOST_CAUSES:]:
        bars.append(_bar(steps, "others", [sum(one.get(cause, 0) for cause in rest) for one in of_step]))
    return {"data": bars, "layout": _stacked(steps, "errors")}


def _percentile(steps: Sequence[OverviewStep], outcome: str, name: str) -> list[JsonValue]:
    found = [one.hit_latency if outcome == "hit" else one.miss_latency for one in steps]
    return [getattr(one, name) for one in found]


def _numbers(line: dict[str, JsonValue]) -> Sequence[JsonValue]:
    values = line["y"]
    return values if isinstance(values, list) else ()


def _bar(
    steps: Sequence[OverviewStep], name: str, values: Sequence[int], colour: str | None = None
) -> JsonValue:
    marker: dict[str, JsonValue] = {"marker": {"color": colour}} if colour else {}
    return {"type": "bar", "name": name, "x": _moments(steps), "y": [*values], **marker}


def _line(
    steps: Sequence[OverviewStep], name: str, values: Sequence[JsonValue], colour: str, dash: str
) -> dict[str, JsonValue]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": _moments(steps),
        "y": [*values],
        "line": {"color": colour, "dash": dash, "width": 2},
        "marker": {"size": 4},
    }


def _moments(steps: Sequence[OverviewStep]) -> list[JsonValue]:
    return [instant(one.at) for one in steps]


def _stacked(steps: Sequence[OverviewStep], what: str) -> JsonValue:
    return {
        "barmode": "stack",
        "bargap": 0.1,
        "xaxis": _times(steps),
        "yaxis": {"title": {"text": what}, "rangemode": "tozero"},
    }


def _times(steps: Sequence[OverviewStep]) -> dict[str, JsonValue]:
    """From half a step before the first to half a step behind the last, whatever of them has numbers."""
    half = (steps[-1].at - steps[0].at) / max(1, 2 * (len(steps) - 1))
    ends: list[JsonValue] = [instant(steps[0].at - half), instant(steps[-1].at + half)]
    return {"type": "date", "title": {"text": "({zone})"}, "range": ends}
