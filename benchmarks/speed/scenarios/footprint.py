"""P9: memory at full load, and how long a start takes beside bare imports."""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from threading import Thread

import psutil

from benchmarks.speed.bench import Bench
from benchmarks.speed.loads.load import hammer
from benchmarks.speed.place import Stocked, ours
from benchmarks.speed.programs import SERVER_CORE, environment, pinned
from benchmarks.speed.results.figures import Spread
from benchmarks.speed.results.outcome import Outcome
from tests.support.demo import ROOT

READY, IMPORTS, HELP = "start to ready", "bare imports", "--help"
BARE = [sys.executable, "-c", "import fastapi, uvicorn, asyncpg, sqlalchemy"]
RECORDS, CALLERS, SAMPLES = 10_000, 32, 20
TAIL = 5
"""Samples, at the end of the load, by which memory is judged."""
NOTE = (
    "Memory is what the last quarter of the load showed, 'grew' that by the second quarter's median. The"
    " figure for --help is half of what it took when the figures were set, which was twice the bare imports."
)


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("footprint")
    with bench.place.database("footprint", hits=RECORDS) as stocked:
        _once(BARE)  # writes what is compiled
        for _ in range(bench.rounds):
            outcome.add(IMPORTS, _once(BARE))
            outcome.add(HELP, _once([sys.executable, "-m", "app", "--help"]))
            with ours(stocked, READY) as program:
                outcome.add(READY, {"seconds": program.ready_after, "CPU s": program.cpu()})
        resident = _loaded(bench, stocked)
    outcome.compare("seconds", IMPORTS)
    outcome.compare("CPU s", IMPORTS)
    ready = outcome.ratio("seconds", READY, IMPORTS)
    outcome.judge("P9", "start to ready, by bare imports", 1.3, ready, at_most=True)
    spent = outcome.ratio("CPU s", READY, IMPORTS)
    outcome.judge("P9", "the same by CPU", 1.3, spent, at_most=True)
    helped = outcome.ratio("seconds", HELP, IMPORTS)
    outcome.judge("P9", "--help, by bare imports", 1.0, helped, at_most=True)
    _judge_memory(bench, outcome, resident)
    outcome.notes.append(NOTE)
    return outcome


def _once(command: Sequence[str]) -> dict[str, float]:
    """A program that ends by itself: its seconds, and its CPU."""
    before, began = psutil.Process().cpu_times(), time.monotonic()
    subprocess.run(
        pinned(command, SERVER_CORE), cwd=ROOT, env=environment({}), check=True, stdout=subprocess.DEVNULL
    )
    after = psutil.Process().cpu_times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": time.monotonic() - began, "CPU s": cpu}


def _loaded(bench: Bench, stocked: Stocked) -> list[float]:
    """Resident memory in MB, at even intervals while it is at full load."""
    paths, seconds = bench.hit_paths("footprint", RECORDS), bench.memory_minutes * 60
    with ours(stocked, "ours-for-long") as program:
        load = Thread(target=hammer, args=(program, paths), kwargs={"callers": CALLERS, "seconds": seconds})
        load.start()
        samples = []
        for _ in range(SAMPLES):
            time.sleep(seconds / (SAMPLES + 1))
            samples.append(program.process.memory_info().rss / 2**20)
        load.join()
    return samples


def _judge_memory(bench: Bench, outcome: Outcome, resident: Sequence[float]) -> None:
    last, before = resident[-TAIL:], statistics.median(resident[TAIL : 2 * TAIL])
    for one in last:
        outcome.add("memory at full load", {"MB": one, "grew": one / before})
    what = f"MB of an api process after {bench.memory_minutes:g} minutes of hits, connections: {CALLERS}"
    outcome.judge("P9", what, 150, Spread(tuple(last)), at_most=True)
    grew = Spread(tuple(one / before for one in last))
    outcome.judge("P9", "the same, by that of the second quarter (flat)", 1.05, grew, at_most=True)
