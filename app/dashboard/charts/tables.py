"""A figure's numbers as a table, for who cannot see it, and for who wants to read them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias, cast

from pydantic import JsonValue

Figure: TypeAlias = Mapping[str, JsonValue]
"""``data`` and ``layout``, as plotly's JSON has them; a gap in ``y`` is None."""
HIDDEN = "skip"
"""The ``hoverinfo`` of a trace that is there for its looks (a band, say): it is no column."""


ZONE = "({zone})"
"""In the title of an axis of moments: the viewer's zone, which the page's script knows."""
TABLE = "table"
"""Of a figure, the table that says more than its traces do, such as why there is a gap."""


def drawn(figure: Figure) -> Figure:
    """What the browser is given to draw."""
    return {name: part for name, part in figure.items() if name != TABLE}


class FigureTable(NamedTuple):
    """``rows`` begin with what is on the x axis; a cell without a number is None."""

    head: Sequence[str]
    rows: Sequence[Sequence[JsonValue]]


def table_of(figure: Figure) -> FigureTable:
    """The figure's own ``table`` (``head`` and ``rows``) where it has one; else a column for each trace that
    says something, and a row for each place on the x axis."""
    if isinstance(own := figure.get(TABLE), dict):
        return FigureTable(cast(Sequence[str], own["head"]), cast(Sequence[Sequence[JsonValue]], own["rows"]))
    traces = [trace for trace in _objects(figure.get("data")) if trace.get("hoverinfo") != HIDDEN]
    across = _has_its_places_on_y(traces)
    columns = [dict(zip(*_sides(trace, across=across), strict=False)) for trace in traces]
    places = dict.fromkeys(place for column in columns for place in column)
    rows: list[list[JsonValue]] = [[one, *(column.get(one) for column in columns)] for one in places]
    axis = "yaxis" if across else "xaxis"
    values = "xaxis" if across else "yaxis"
    names = (str(trace.get("name") or _title(figure, values) or "value") for trace in traces)
    return FigureTable([_title(figure, axis), *names], rows)


def _has_its_places_on_y(traces: Sequence[Mapping[str, JsonValue]]) -> bool:
    return bool(traces) and all(trace.get("orientation") == "h" for trace in traces)


def _sides(
    trace: Mapping[str, JsonValue], *, across: bool
) -> tuple[list[str | int | float], list[JsonValue]]:
    x, y = (cast(list[JsonValue], trace.get(side) or []) for side in "xy")
    places, values = (y, x) if across else (x, y)
    return [cast(str | int | float, place) for place in places], _with_intervals(trace, values, across=across)


def _with_intervals(
    trace: Mapping[str, JsonValue], values: Sequence[JsonValue], *, across: bool
) -> list[JsonValue]:
    """A number with its interval as (value, low, high), where the trace has error bars."""
    bars = trace.get("error_x" if across else "error_y")
    if not isinstance(bars, dict):
        return [*values]
    above = cast(list[float | None], bars.get("array") or [])
    below = cast(list[float | None], bars.get("arrayminus") or above)
    return [_interval(*one) for one in zip(values, below, above, strict=False)]


def _interval(value: JsonValue, below: float | None, above: float | None) -> JsonValue:
    if not isinstance(value, int | float) or below is None or above is None:
        return value
    return [value, value - below, value + above]


def _title(figure: Figure, axis: str) -> str:
    layout = figure.get("layout")
    shown = layout.get(axis) if isinstance(layout, dict) else None
    title = shown.get("title") if isinstance(shown, dict) else None
    text = title.get("text") if isinstance(title, dict) else title
    return text.replace(ZONE, "").strip() if isinstance(text, str) else ""


def _objects(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
