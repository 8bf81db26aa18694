"""P6: misses that are joined into calls of several rows, against a call for each row.

The endpoint works on one call at a time, as a model server with one worker does.
"""

from contextlib import ExitStack
from dataclasses import replace

from benchmarks.speed.bench import Bench
from benchmarks.speed.options import JOINED_ROWS
from benchmarks.speed.place import ours, paced
from benchmarks.speed.results.outcome import Outcome

CALL_MS, ROW_MS, CALLERS = 5, 0.05, 64
MOST = 6000
"""Misses a second that records are made for."""
ALONE, JOINED = "a call for each row", "joined"
MISSING = "Joined misses are not measured: no option of a version joins them."


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("joined")
    ways = {ALONE: {}, **({JOINED: JOINED_ROWS} if JOINED_ROWS else {})}
    with ExitStack() as stack:
        endpoint = stack.enter_context(
            paced(bench.place.folder, "endpoint-paced", call_ms=CALL_MS, row_ms=ROW_MS, one_at_a_time=True)
        )
        sides = []
        for number, (name, options) in enumerate(ways.items()):
            used = replace(endpoint, options=options)
            most = int(MOST * bench.seconds)
            stocked = stack.enter_context(
                bench.place.database(f"joined-{number}", endpoint=used, misses=most * (bench.rounds + 1))
            )
            program = stack.enter_context(ours(stocked, name))
            bench.missed(program, stocked, callers=CALLERS, most=500)
            sides.append((program, stocked))
        for _ in range(bench.rounds):
            for program, stocked in sides:
                outcome.add(
                    program.name, bench.missed(program, stocked, callers=CALLERS, most=most), str(CALLERS)
                )
    _judge(outcome)
    return outcome


def _judge(outcome: Outcome) -> None:
    if not JOINED_ROWS:
        outcome.notes.append(MISSING)
        return
    outcome.compare("a second", ALONE)
    rate = outcome.ratio("a second", JOINED, ALONE, str(CALLERS))
    outcome.judge("P6", f"joined misses, {CALLERS} callers: by a call for each row", 5, rate)
    wait = outcome.ratio("p50 ms", JOINED, ALONE, str(CALLERS))
    outcome.judge("P6", "p50 of these, by that of a call for each row", 1, wait, at_most=True)
