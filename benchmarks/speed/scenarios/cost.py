"""P11: what a million hits and a million misses cost in CPU, of all programs that the run measured."""

from benchmarks.speed.bench import Bench
from benchmarks.speed.results.outcome import Outcome

LOADS = {"hits": ("hits", "32"), "misses": ("misses", "local endpoint, callers: 32")}
"""By scenario, under which load."""
NOTHING = "Costs are those that the scenarios hits and misses measure, and neither was run."


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("cost")
    for scenario, (what, load) in LOADS.items():
        measured = bench.measured.get(scenario)
        for (program, at), values in (measured.cells if measured else {}).items():
            if at == load:
                _add(outcome, program, f"a million {what}", values)
    outcome.notes.append(
        "Seconds of CPU. 'all' is of the program, Postgres and what else it needs, not of load and endpoint."
        if outcome.cells
        else NOTHING
    )
    return outcome


def _add(outcome: Outcome, program: str, what: str, values: dict[str, list[float]]) -> None:
    parts = {"server us": "program", "Postgres us": "Postgres", "Redis us": "Redis", "CPU us": "all"}
    for quantity, name in parts.items():
        for one in values.get(quantity, []):
            outcome.add(program, {f"{name} s": one}, what)
