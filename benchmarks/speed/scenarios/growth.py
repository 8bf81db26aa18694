"""P4: hits as the table of predictions grows."""

from contextlib import ExitStack

from benchmarks.speed.bench import Bench
from benchmarks.speed.place import ours
from benchmarks.speed.results.outcome import Outcome

OURS = "this service"
SIZES = (10_000, 100_000, 1_000_000)
LARGEST = 10_000_000
DISTINCT = 50_000
"""Records that are asked for, spread over all."""


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("growth")
    sizes = (*SIZES, LARGEST) if bench.ten_million else SIZES
    with ExitStack() as stack:
        programs = []
        for size in sizes:
            stocked = stack.enter_context(bench.place.database(f"growth-{size}", hits=size))
            program = stack.enter_context(ours(stocked, OURS, variables={"DATABASE_POOL_SIZE": "4"}))
            paths = bench.hit_paths(f"growth-{size}", size, DISTINCT)
            bench.hammered(program, paths, callers=32)
            programs.append((size, program, paths))
        for _ in range(bench.rounds):
            for size, program, paths in programs:
                for callers in (1, 32):
                    at = f"{size:,} predictions, connections: {callers}"
                    outcome.add(OURS, bench.hammered(program, paths, callers=callers), at)
    first, last = (f"{size:,} predictions, connections: 1" for size in (sizes[0], sizes[-1]))
    grown = outcome.between("p50 ms", (OURS, last), (OURS, first))
    outcome.judge("P4", f"p50 with {last}, by that with {sizes[0]:,}", 1.2, grown, at_most=True)
    first, last = (f"{size:,} predictions, connections: 32" for size in (sizes[0], sizes[-1]))
    grown = outcome.between("Postgres us", (OURS, last), (OURS, first))
    outcome.judge("P4", "the same of Postgres' CPU, connections: 32", 1.2, grown, at_most=True)
    return outcome
