"""What was measured, as tables and as JSON."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from benchmarks.speed.results.figures import TOO_WIDE, Figure, Spread
from benchmarks.speed.results.outcome import Outcome


def as_markdown(machine: Mapping[str, str], outcomes: Sequence[Outcome], rounds: int) -> str:
    lines = [
        f"A value is the median of {rounds} rounds, the least and the most behind it. Ratios are of values of"
        f" one round. CPU is in microseconds a request, or a record of a batch. {TOO_WIDE}",
        "",
        *(f"- {name}: {value}" for name, value in machine.items()),
    ]
    figures = [figure for outcome in outcomes for figure in outcome.figures]
    if figures:
        head = ("", "what", "figure", "measured", "")
        lines += ["", "## Figures", "", *_table(head, [_figure(one) for one in figures])]
    for outcome in outcomes:
        lines += ["", f"## {outcome.scenario}", "", *_cells(outcome)]
        lines += [line for note in outcome.notes for line in ("", note)]
    return "\n".join(lines) + "\n"


def _figure(figure: Figure) -> list[str]:
    asked = f"at {'most' if figure.at_most else 'least'} {_number(figure.limit)}"
    return [figure.name, figure.what, asked, show(figure.measured), figure.verdict]


def _cells(outcome: Outcome) -> list[str]:
    quantities = list(dict.fromkeys(name for row in outcome.cells.values() for name in row))
    named = list(dict.fromkeys(name for row in outcome.ratios.values() for name in row))
    rows = []
    for cell, values in outcome.cells.items():
        own = outcome.ratios.get(cell, {})
        measured = [show(Spread(tuple(values[name]))) if name in values else "" for name in quantities]
        rows.append([*cell, *measured, *(show(own[name]) if name in own else "" for name in named)])
    return _table(("program", "at", *quantities, *named), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]


def show(spread: Spread) -> str:
    if spread.low == spread.high:
        return _number(spread.low)
    return f"{_number(spread.median)} ({_number(spread.low)} to {_number(spread.high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def as_json(machine: Mapping[str, str], outcomes: Sequence[Outcome]) -> JsonValue:
    """Every round's values, and the figures with their verdicts."""
    return {
        "machine": dict(machine),
        "too_wide": TOO_WIDE,
        "scenarios": {one.scenario: _outcome(one) for one in outcomes},
    }


def _outcome(outcome: Outcome) -> JsonValue:
    figures: list[JsonValue] = [
        {
            **{"name": one.name, "what": one.what, "limit": one.limit, "at_most": one.at_most},
            **{"measured": list(one.measured.rounds), "verdict": one.verdict},
        }
        for one in outcome.figures
    ]
    measured: list[JsonValue] = [
        {
            **{"program": program, "at": at},
            "values": {quantity: list(values) for quantity, values in row.items()},
            "ratios": {name: list(one.rounds) for name, one in outcome.ratios.get((program, at), {}).items()},
        }
        for (program, at), row in outcome.cells.items()
    ]
    return {"measured": measured, "figures": figures, "notes": list(outcome.notes)}
