"""The scenarios by name, in the order in which they run."""

from collections.abc import Callable

from benchmarks.speed.bench import Bench
from benchmarks.speed.outcome import Outcome
from benchmarks.speed.scenarios import hits

SCENARIOS: dict[str, Callable[[Bench], Outcome]] = {"hits": hits.measure}
