"""The scenarios by name, in the order in which they run."""

from collections.abc import Callable

from benchmarks.speed.bench import Bench
from benchmarks.speed.outcome import Outcome
from benchmarks.speed.scenarios import batches, growth, hits, joined, misses, routes

SCENARIOS: dict[str, Callable[[Bench], Outcome]] = {
    "hits": hits.measure,
    "routes": routes.measure,
    "growth": growth.measure,
    "misses": misses.measure,
    "joined": joined.measure,
    "batches": batches.measure,
}
