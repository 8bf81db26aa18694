"""The scenarios by name, in the order in which they run."""

from collections.abc import Callable

from benchmarks.speed.bench import Bench
from benchmarks.speed.results.outcome import Outcome
from benchmarks.speed.scenarios import (
    access,
    batches,
    bulk,
    cost,
    footprint,
    growth,
    hits,
    joined,
    misses,
    processes,
    routes,
)

SCENARIOS: dict[str, Callable[[Bench], Outcome]] = {
    "hits": hits.measure,
    "routes": routes.measure,
    "growth": growth.measure,
    "misses": misses.measure,
    "joined": joined.measure,
    "batches": batches.measure,
    "bulk": bulk.measure,
    "footprint": footprint.measure,
    "processes": processes.measure,
    "access": access.measure,
    "cost": cost.measure,
}
