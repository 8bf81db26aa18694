"""What figures of metrics are made of: colours, intervals, texts as they are."""

import html
from collections.abc import Sequence
from typing import TypeAlias

from pydantic import JsonValue

from app.schemas.evaluations.directions import DIRECTIONS
from app.schemas.evaluations.runs import MetricValue

Trace: TypeAlias = dict[str, JsonValue]

COLOURS = tuple(f"var(--series-{one})" for one in range(1, 7))
"""Of versions, in the order of their first runs: the page's own, of its theme."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "pentagon", "star")
"""Beside the colours, for who does not tell these apart."""
BETTER, SOME, WORSE, NEITHER = "var(--good)", "var(--warn)", "var(--bad)", "var(--ink-soft)"
WORDS = {"lower": "lower is better", "higher": "higher is better", "zero": "closer to zero is better"}


def plain(text: str) -> str:
    """A text as it is: plotly takes what stands in texts for markup."""
    return html.escape(text, quote=False)


def direction(metric: str) -> str:
    """Which way a metric is better, in words; empty where it is not a matter of better."""
    return WORDS[DIRECTIONS[metric]] if metric in DIRECTIONS else ""


def titled(metric: str) -> str:
    """A metric with its direction: ``mae (lower is better)``."""
    return f"{metric} ({direction(metric)})" if direction(metric) else metric


def bars(found: Sequence[MetricValue]) -> Trace:
    """Error bars from ``low`` to ``high``, where there are these."""
    pairs = [(one.value, one.low, one.high) for one in found]
    return {
        "type": "data",
        "symmetric": False,
        "thickness": 1.4,
        "width": 3,
        "array": [None if value is None or high is None else high - value for value, _, high in pairs],
        "arrayminus": [None if value is None or low is None else value - low for value, low, _ in pairs],
    }


def marker(place: int, size: int = 7, hollow: Sequence[bool] = ()) -> Trace:
    """``hollow`` says of which values only the outline is drawn."""
    symbol = SYMBOLS[place % len(SYMBOLS)]
    symbols: JsonValue = [f"{symbol}-open" if one else symbol for one in hollow] if any(hollow) else symbol
    return {"color": colour(place), "symbol": symbols, "size": size}


def colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def said(one: MetricValue, name: str, digits: int = 4) -> str:
    """What is said where one points at a value: with its interval, of how many, or why there is none."""
    head = f"<b>{plain(name)}</b><br>"
    of = f"{one.n:,} records{', few: one outlier may decide' if one.small else ''}"
    if one.value is None:
        return f"{head}undefined: {plain(one.reason or '')}<br>{of}"
    interval = (
        "" if one.low is None or one.high is None else f" [{one.low:.{digits}g}, {one.high:.{digits}g}]"
    )
    return f"{head}{one.value:.{digits}g}{interval}<br>{of}"


def cell(one: MetricValue | None) -> JsonValue:
    """A value in a figure's table: alone, with its interval, or why there is none."""
    if one is None:
        return None
    if one.value is None:
        return f"undefined: {one.reason}"
    return one.value if one.low is None or one.high is None else [one.value, one.low, one.high]
