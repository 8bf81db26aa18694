"""P7: 1,000 ids in one request, all hits and all misses."""

import json
from collections.abc import Iterable
from contextlib import ExitStack

from benchmarks.speed.bench import Bench, quantities
from benchmarks.speed.loads.load import call, invoke
from benchmarks.speed.made_up import hit_id
from benchmarks.speed.place import Endpoint, Stocked, local_endpoint, ours
from benchmarks.speed.programs import Program, running, uvicorn
from benchmarks.speed.results.outcome import Outcome

OURS, FLOOR, ENDPOINT = "this service", "the batch floor: one SELECT", "the endpoint's own, by boto3"
SIZE, RECORDS = 1000, 20_000
MISSED = 10
"""Batches of misses a round."""
HITS, MISSES = "all hits", "all misses"
PER_CALL, AT_ONCE = 500, 2
"""Rows of a call of the service, and how many of a batch are under way at once."""
RATE = "a second"


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("batches")
    with ExitStack() as stack:
        folder = bench.place.folder
        endpoint = stack.enter_context(local_endpoint(folder))
        wanted = (bench.rounds + 1) * MISSED * SIZE
        stocked = stack.enter_context(
            bench.place.database("batches", endpoint=endpoint, hits=RECORDS, misses=wanted)
        )
        hits = bench.write(
            "batches", [_line(map(hit_id, range(n, n + SIZE))) for n in range(1, RECORDS, SIZE)]
        )
        floor = stack.enter_context(running(FLOOR, uvicorn("benchmarks.peers.floor"), stocked.peers, folder))
        service = stack.enter_context(ours(stocked, OURS))
        for _ in range(bench.rounds):
            for program in (floor, service):
                with bench.meter(program) as meter:
                    load = call(program, hits, callers=1, seconds=bench.seconds)
                outcome.add(program.name, quantities(load, meter, per=SIZE), HITS)
            _miss(bench, outcome, endpoint, stocked, service)
    outcome.compare(RATE, FLOOR)
    outcome.compare(RATE, ENDPOINT)
    outcome.judge(
        "P7", "1,000 ids, all hits: records by the floor's", 0.8, outcome.ratio(RATE, OURS, FLOOR, HITS)
    )
    rows = outcome.ratio(RATE, OURS, ENDPOINT, MISSES)
    outcome.judge("P7", "1,000 ids, all misses: records by the endpoint's own rows a second", 0.5, rows)
    return outcome


def _miss(bench: Bench, outcome: Outcome, endpoint: Endpoint, stocked: Stocked, service: Program) -> None:
    bare = invoke(endpoint, callers=AT_ONCE, seconds=bench.seconds, rows=PER_CALL)
    cpu = bare.cpu / bare.requests / PER_CALL * 1e6
    outcome.add(ENDPOINT, {RATE: bare.rate * PER_CALL, "server us": cpu}, MISSES)
    misses = bench.write("misses", [_line(stocked.fresh(SIZE)) for _ in range(MISSED)])
    with bench.meter(service) as meter:
        load = call(service, misses, callers=1, once=True)
    outcome.add(OURS, quantities(load, meter, per=SIZE), MISSES)


def _line(record_ids: Iterable[str]) -> str:
    return "/predict\t" + json.dumps({"record_ids": list(record_ids)})
