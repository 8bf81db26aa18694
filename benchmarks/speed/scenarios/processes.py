"""P10: one process and two by what a request costs, and how many predictions share a flush of the WAL."""

import time
from contextlib import ExitStack

from benchmarks.speed.bench import Bench
from benchmarks.speed.place import Stocked, ours
from benchmarks.speed.programs import Program
from benchmarks.speed.results.figures import Spread
from benchmarks.speed.results.outcome import Outcome
from tests.support.postgres import query

ONE, TWO = "one process", "two processes"
HITS, MISSES, RECORDS, CALLERS = "hits", "durable misses", 10_000, 32
MOST = 3000
"""Misses a second that records are made for."""
SETTLED = 11
"""Seconds after which an idle backend of Postgres has told what it counted: it keeps it for up to ten."""
COUNTS = """
    select (select sum(fsyncs)::int from pg_stat_io where object = 'wal'), (select count(*) from predictions)
"""

NOTE = (
    f"Hits come over {CALLERS} connections a process, misses from {CALLERS} callers in all. 'a flush' is how"
    " many predictions were stored for each flush of the WAL to disk."
)


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("processes")
    most = int(MOST * bench.seconds)
    with ExitStack() as stack:
        wanted = most * 2 * (bench.rounds + 1)
        stocked = stack.enter_context(bench.place.database("processes", hits=RECORDS, misses=wanted))
        paths = bench.hit_paths("processes", RECORDS)
        programs = [
            stack.enter_context(ours(stocked, name, processes=count, core=None))
            for count, name in enumerate((ONE, TWO), start=1)
        ]
        for program in programs:
            bench.hammered(program, paths, callers=CALLERS)
            bench.missed(program, stocked, callers=CALLERS, most=200)
        for _ in range(bench.rounds):
            for count, program in enumerate(programs, start=1):
                hits = bench.hammered(program, paths, callers=CALLERS * count)
                outcome.add(program.name, hits, HITS)
                outcome.add(program.name, _durable(bench, stocked, program, most), MISSES)
    scaled = outcome.between("CPU us", (ONE, HITS), (TWO, HITS))
    twice = Spread(tuple(2 * one for one in scaled.rounds))
    outcome.judge("P10", "hits of two processes by those of one, by CPU used per request", 1.8, twice)
    outcome.notes.append(NOTE)
    return outcome


def _durable(bench: Bench, stocked: Stocked, program: Program, most: int) -> dict[str, float]:
    before = _counts(stocked)
    values = bench.missed(program, stocked, callers=CALLERS, most=most)
    flushes, stored = (now - then for now, then in zip(_counts(stocked), before, strict=True))
    return values | {"flushes a second": flushes / stored * values["a second"], "a flush": stored / flushes}


def _counts(stocked: Stocked) -> tuple[int, int]:
    """Flushes of the WAL since the server began, and predictions that are stored."""
    time.sleep(SETTLED)
    [(flushes, predictions)] = query(stocked.place.superuser_url(stocked.name), COUNTS)
    assert isinstance(flushes, int)
    assert isinstance(predictions, int)
    return flushes, predictions
