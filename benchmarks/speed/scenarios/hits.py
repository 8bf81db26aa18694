"""P1: cached predictions against the floor, the ceiling and the usual ways."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx

from benchmarks.speed.bench import Bench
from benchmarks.speed.guests import GUESTS, LeftOut, Target
from benchmarks.speed.loads.load import call
from benchmarks.speed.options import IN_PROCESS_LAYER
from benchmarks.speed.place import Stocked, ours
from benchmarks.speed.programs import running, uvicorn
from benchmarks.speed.results.figures import ratios
from benchmarks.speed.results.outcome import Outcome

OURS, LAYER, FLOOR = "this service", "this service, in-process layer (600 s)", "the floor: one SELECT"
PEERS = {
    "the ceiling: a constant answer": "ceiling",
    FLOOR: "floor",
    "FastAPI, a raw route": "raw_route",
    "FastAPI, asyncpg, a pydantic response": "pydantic_route",
    "FastAPI, SQLAlchemy's ORM": "orm_session",
}
RECORDS = 10_000
CONNECTIONS = (1, 32, 128)
RATE = "a second"


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("hits")
    with bench.place.database("hits", hits=RECORDS) as stocked, ExitStack() as stack:
        targets = _start(bench, stocked, stack, outcome)
        _require_same(targets[1:], paths_of=targets[0].requests)
        for target in targets:
            _hit(bench, target, 32)
        for _ in range(bench.rounds):
            for callers in CONNECTIONS:
                for target in targets:
                    outcome.add(target.program.name, _hit(bench, target, callers), str(callers))
            _ask_ourselves(bench, outcome, targets[0])
    outcome.compare(RATE, FLOOR)
    outcome.compare("CPU us", FLOOR)
    _judge(outcome)
    return outcome


def _require_same(targets: Sequence[Target], *, paths_of: Path) -> None:
    """RuntimeError unless all that are asked for the same paths answer a hit, and the same."""
    path = paths_of.read_text().split()[0]
    answers: dict[str, dict[str, object]] = {}
    for target in targets:
        if target.requests == paths_of:
            answer = httpx.request(
                target.method, f"{target.program.url}{path}", timeout=60
            ).raise_for_status()
            answers[target.program.name] = answer.json() | {"computed_at": "told in several forms"}
    if any(answer != answers[OURS] for answer in answers.values()) or not answers[OURS]["cached"]:
        raise RuntimeError(f"They answer differently: {answers}")


def _ask_ourselves(bench: Bench, outcome: Outcome, ceiling: Target) -> None:
    """Whether our own caller, which the scenarios of misses use, is fast enough for them."""
    load = call(ceiling.program, ceiling.requests, callers=32, seconds=bench.seconds)
    values = {RATE: load.rate, "p50 ms": load.p50, "p99 ms": load.p99}
    outcome.add(ceiling.program.name, values, "32, by our own client")


def _hit(bench: Bench, target: Target, callers: int) -> dict[str, float]:
    return bench.hammered(
        target.program, target.requests, callers=callers, method=target.method, helpers=target.helpers
    )


def _start(bench: Bench, stocked: Stocked, stack: ExitStack, outcome: Outcome) -> list[Target]:
    """All programs that answer a hit."""
    folder, paths = stocked.place.folder, bench.hit_paths("hits", RECORDS)
    programs = [
        stack.enter_context(running(name, uvicorn(f"benchmarks.peers.{module}"), stocked.peers, folder))
        for name, module in PEERS.items()
    ]
    programs.append(stack.enter_context(ours(stocked, OURS)))
    if IN_PROCESS_LAYER:
        programs.append(stack.enter_context(ours(stocked, LAYER, variables=IN_PROCESS_LAYER)))
    targets = [Target(program, paths) for program in programs]
    for guest in GUESTS:
        try:
            targets.append(guest(stocked, stack, paths))
        except LeftOut as word:
            outcome.notes.append(str(word))
    return targets


def _judge(outcome: Outcome) -> None:
    for at, least in (("32", 1.3), ("1", 1.0)):
        what = f"hits a second by the floor's, connections: {at}"
        outcome.judge("P1", what, least, outcome.ratio(RATE, OURS, FLOOR, at))
    tail = ratios(outcome.of(OURS, "p99 ms", "32"), outcome.of(OURS, "p50 ms", "32"))
    outcome.judge("P1", "p99 by p50, connections: 32", 3, tail, at_most=True)
    if IN_PROCESS_LAYER:
        layer = outcome.ratio(RATE, LAYER, FLOOR, "32")
        outcome.judge("P1", "hits by the floor's with the in-process layer, connections: 32", 2, layer)
