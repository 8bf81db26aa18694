"""What the signals cost a hit: noted and scraped, or replaced by nothing. ``python -m benchmarks.signals``.

Two services on one database take turns under the same load; told is the ratio of each turn. The CPU of a hit
is the sharper measure: how many there are in a second depends on what else the machine does.
"""

import os

os.environ["USE_CASE"] = "examples.transit"

import statistics
import sys
import threading
import timeit
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from app.api.entry.front import PLAIN
from app.core.signals import requested
from app.services.predictions.predictor import Answer
from benchmarks.speed.bench import Bench
from benchmarks.speed.place import MODEL, Stocked, open_place, ours
from benchmarks.speed.programs import Program, running

RECORDS, CONNECTIONS, TURNS, SECONDS, SCRAPES = 10_000, 32, 6, 5, 50
BATCH = 1000
WITHOUT = """
import gc
gc.disable()  # as python -m app does until all is imported
from app.api.http import middleware
from app.cli import main
class Nothing:
    note = staticmethod(lambda *_: None)
middleware.requested = Nothing
main()
"""
"""The service, with nothing noted of what its front answers."""


def main() -> None:
    with open_place() as place, place.database("signals", hits=RECORDS) as stocked:
        bench = Bench(place, TURNS, SECONDS)
        paths = bench.hit_paths("hits", RECORDS)
        with ours(stocked) as noted, _without(stocked) as silent:
            for program in (noted, silent):
                bench.hammered(program, paths, callers=CONNECTIONS)
            cost = _compare(bench, paths, noted, silent)
            _tell_scrape(noted)
        _tell_noting(cost)


@contextmanager
def _without(stocked: Stocked) -> Iterator[Program]:
    command = [sys.executable, "-c", WITHOUT, "serve", "--port", "{port}"]
    folder = stocked.place.folder
    with running("silent", command, stocked.variables, folder, ready="/health/ready", below=300) as program:
        yield program


def _compare(bench: Bench, paths: Path, noted: Program, silent: Program) -> float:
    """The microseconds of CPU that a hit takes the silent one, at its best."""
    rates, costs, bare = [], [], []
    for turn in range(bench.rounds):
        found = {}
        for program in (noted, silent) if turn % 2 else (silent, noted):
            with _scraped(program) if program is noted else _left_alone():
                found[program.name] = bench.hammered(program, paths, callers=CONNECTIONS)
        ours_, other = found[noted.name], found[silent.name]
        rates.append(ours_["a second"] / other["a second"])
        costs.append(_cpu(ours_) / _cpu(other))
        bare.append(_cpu(other))
    print(f"hits a second, noted and scraped every {SECONDS} s, to silent: {_spread(rates)}")
    print(f"CPU of a hit in the service, the same: {_spread(costs)}")
    return min(bare)


def _cpu(values: dict[str, float]) -> float:
    return values["server us"]


@contextmanager
def _scraped(program: Program) -> Iterator[None]:
    """Once in the block, in its middle."""
    timer = threading.Timer(SECONDS / 2, lambda: httpx.get(f"{program.url}/metrics").raise_for_status())
    timer.start()
    try:
        yield
    finally:
        timer.join()


@contextmanager
def _left_alone() -> Iterator[None]:
    yield


def _tell_scrape(program: Program) -> None:
    before = program.cpu()
    with httpx.Client(base_url=program.url) as client:
        for _ in range(SCRAPES):
            size = len(client.get("/metrics").raise_for_status().content)
    each = (program.cpu() - before) / SCRAPES
    share = f"{each / SECONDS:.2%} of a core every {SECONDS} s"
    print(f"a scrape: {each * 1000:.1f} ms of CPU, {share}; {size:,} bytes")


def _tell_noting(cost: float) -> None:
    """By itself, at its best: nothing else of the machine is in it."""
    hit = Answer(1, "a", "", "1", "HIT", MODEL, "2", "", datetime.now(UTC), 0.0)
    route = PLAIN.route

    def note() -> None:
        for _ in range(BATCH):
            requested.note(route, "POST", 200, 0.0007, hit)

    each = min(timeit.repeat(note, number=1, repeat=300)) / BATCH * 1e6
    print(f"noting a hit: {each:.2f} us, {each / cost:.2%} of the {cost:.0f} us that it takes the service")


def _spread(ratios: Sequence[float]) -> str:
    return (
        f"{statistics.median(ratios):.4f} (from {min(ratios):.4f} to {max(ratios):.4f}, {len(ratios)} turns)"
    )


if __name__ == "__main__":
    main()
