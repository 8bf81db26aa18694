"""What a scenario is given."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.speed.loads.load import Load, Meter, call, hammer
from benchmarks.speed.made_up import hit_id
from benchmarks.speed.place import Place, Stocked
from benchmarks.speed.programs import Program
from benchmarks.speed.results.outcome import Outcome

NOTHING: Mapping[str, psutil.Process] = {}


@dataclass(frozen=True)
class Bench:
    """``seconds`` is how long one load lasts; ``ten_million`` whether the table may grow so far."""

    place: Place
    rounds: int
    seconds: int
    ten_million: bool = False
    memory_minutes: float = 10
    measured: dict[str, Outcome] = field(default_factory=dict)
    """What the scenarios before have measured."""

    def write(self, name: str, lines: list[str]) -> Path:
        path = self.place.folder / f"{name}.txt"
        path.write_text("\n".join(lines) + "\n")
        return path

    def hit_paths(self, name: str, among: int, count: int = 10_000) -> Path:
        """Paths of records that have been predicted, spread over all of them; the same in every run."""
        numbers = random.Random(1).sample(range(1, among + 1), min(among, count))
        return self.write(name, [f"/predict/{hit_id(number)}" for number in numbers])

    def missed(self, program: Program, stocked: Stocked, *, callers: int, most: int) -> dict[str, float]:
        """The same of records that nobody has asked for before, at most so many."""
        paths = self.write("fresh", [f"/predict/{record_id}" for record_id in stocked.fresh(most)])
        with self.meter(program) as meter:
            load = call(program, paths, callers=callers, seconds=self.seconds, once=True)
        return quantities(load, meter)

    def meter(self, program: Program, helpers: Mapping[str, psutil.Process] = NOTHING) -> Meter:
        return Meter({"server": program.process, "Postgres": self.place.postgres_process(), **helpers})

    def hammered(
        self,
        program: Program,
        requests: Path,
        *,
        callers: int,
        method: str = "POST",
        helpers: Mapping[str, psutil.Process] = NOTHING,
        key: str = "",
    ) -> dict[str, float]:
        """Requests a second, latencies, and the CPU of each request. ``key`` is the caller's."""
        with self.meter(program, helpers) as meter:
            load = hammer(program, requests, callers=callers, seconds=self.seconds, method=method, key=key)
        return quantities(load, meter)


def quantities(load: Load, meter: Meter, *, per: int = 1) -> dict[str, float]:
    """By name; ``per`` is how many records a request holds."""
    of = {f"{kind} us": spent / load.requests / per for kind, spent in meter.spent.items()}
    told = {"a second": load.rate * per, "p50 ms": load.p50, "p99 ms": load.p99}
    return told | of | {"CPU us": sum(of.values())}
