"""P5: predictions that have to be inferred, against bare boto3 on the same endpoint."""

from contextlib import ExitStack

from benchmarks.speed.bench import Bench, quantities
from benchmarks.speed.guests import LeftOut, Target
from benchmarks.speed.loads.load import call, invoke
from benchmarks.speed.mlserver import mlserver
from benchmarks.speed.place import Endpoint, Stocked, local_endpoint, ours, paced
from benchmarks.speed.programs import Program
from benchmarks.speed.results.figures import Spread
from benchmarks.speed.results.outcome import Outcome

OURS, BOTO3 = "this service", "bare boto3, in threads"
LOADS = (1, 32)
SLOW_MS = 50
IDEAL = 32 / (SLOW_MS / 1000)
"""Calls a second of 32 callers on the slow endpoint, if nothing but it took any time."""
MOST = 800
"""Misses a second and caller that records are made for, at most 60 ones of a caller among many."""


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("misses")
    with ExitStack() as stack:
        folder = bench.place.folder
        quick = stack.enter_context(local_endpoint(folder))
        slow = stack.enter_context(paced(folder, "endpoint-slow", call_ms=SLOW_MS))
        names = {"local endpoint": quick, f"endpoint of {SLOW_MS} ms": slow}
        other = _mlserver(bench, stack, outcome)
        sides = [(name, one, *_start(bench, stack, name, one)) for name, one in names.items()]
        for _ in range(bench.rounds):
            for name, endpoint, stocked, service in sides:
                for callers in LOADS if endpoint is quick else LOADS[-1:]:
                    at = f"{name}, callers: {callers}"
                    _call_both(bench, outcome, at, callers, endpoint, stocked, service)
                    if other and endpoint is quick:
                        _call_other(bench, outcome, at, callers, other)
    outcome.compare("a second", BOTO3)
    _judge(outcome)
    return outcome


def _start(bench: Bench, stack: ExitStack, name: str, endpoint: Endpoint) -> tuple[Stocked, Program]:
    most = int(bench.rounds * bench.seconds + 2) * (MOST + 32 * 60)
    database = name.replace(" ", "-")
    stocked = stack.enter_context(bench.place.database(database, endpoint=endpoint, misses=most))
    service = stack.enter_context(ours(stocked, OURS))
    bench.missed(service, stocked, callers=32, most=200)
    return stocked, service


def _call_both(
    bench: Bench,
    outcome: Outcome,
    at: str,
    callers: int,
    endpoint: Endpoint,
    stocked: Stocked,
    service: Program,
) -> None:
    bare = invoke(endpoint, callers=callers, seconds=bench.seconds)
    values = {"a second": bare.rate, "p50 ms": bare.p50, "p99 ms": bare.p99}
    outcome.add(BOTO3, values | {"server us": bare.cpu / bare.requests * 1e6}, at)
    most = int(bench.seconds * (MOST if callers == 1 else 60 * callers))
    outcome.add(OURS, bench.missed(service, stocked, callers=callers, most=most), at)


def _mlserver(bench: Bench, stack: ExitStack, outcome: Outcome) -> Target | None:
    try:
        target = mlserver(bench.place.folder, stack)
    except LeftOut as word:
        outcome.notes.append(str(word))
        return None
    call(target.program, target.requests, callers=1, seconds=bench.seconds)
    return target


def _call_other(bench: Bench, outcome: Outcome, at: str, callers: int, other: Target) -> None:
    with bench.meter(other.program) as meter:
        load = call(other.program, other.requests, callers=callers, seconds=bench.seconds)
    outcome.add(other.program.name, quantities(load, meter), at)


def _judge(outcome: Outcome) -> None:
    one, many = (f"local endpoint, callers: {callers}" for callers in LOADS)
    slow = f"endpoint of {SLOW_MS} ms, callers: 32"
    waited = zip(outcome.of(OURS, "p50 ms", one), outcome.of(BOTO3, "p50 ms", one), strict=True)
    more = Spread(tuple(ours - theirs for ours, theirs in waited))
    outcome.judge("P5", "one miss, one caller: ms more than boto3 (p50)", 3, more, at_most=True)
    cpu = outcome.ratio("server us", OURS, BOTO3, one)
    more = Spread(tuple(ratio - 1 for ratio in cpu.rounds))
    outcome.judge("P5", "the same: CPU more than boto3's, by boto3's", 2, more, at_most=True)
    rate = outcome.ratio("a second", OURS, BOTO3, many)
    outcome.judge("P5", "32 callers, local endpoint: misses by boto3's calls a second", 0.6, rate)
    ideal = Spread(tuple(rate / IDEAL for rate in outcome.of(OURS, "a second", slow)))
    outcome.judge("P5", f"32 callers, endpoint of {SLOW_MS} ms: of {IDEAL:.0f} misses a second", 0.9, ideal)
