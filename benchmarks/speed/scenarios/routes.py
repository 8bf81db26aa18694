"""P3: reading routes of FastAPI against the same routes on bare Starlette."""

from contextlib import ExitStack

from benchmarks.speed.bench import Bench
from benchmarks.speed.made_up import hit_id
from benchmarks.speed.place import ours
from benchmarks.speed.programs import running, uvicorn
from benchmarks.speed.results.outcome import Outcome

OURS, BARE, SQL = (
    "this service",
    "bare Starlette, the same functions",
    "bare Starlette, one SELECT on asyncpg",
)
ROUTES = {"a record": "/records/{}", "its predictions": "/predictions?record_id={}"}
RECORDS, CALLERS = 10_000, 32


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("routes")
    with bench.place.database("routes", hits=RECORDS) as stocked, ExitStack() as stack:
        folder = bench.place.folder
        bare = stack.enter_context(
            running(BARE, uvicorn("benchmarks.peers.bare_routes"), stocked.peers, folder)
        )
        service = stack.enter_context(ours(stocked, OURS))
        for number in range(bench.rounds + 1):
            for route, path in ROUTES.items():
                for name, program, prefix in ((SQL, bare, "/sql"), (BARE, bare, ""), (OURS, service, "")):
                    ids = map(hit_id, range(1, RECORDS + 1))
                    paths = bench.write("routes", [prefix + path.format(one) for one in ids])
                    measured = bench.hammered(program, paths, callers=CALLERS, method="GET")
                    if number:  # the first round warms up
                        outcome.add(name, measured, route)
    for base in (BARE, SQL):
        outcome.compare("a second", base)
        outcome.compare("server us", base)
    for route in ROUTES:
        reached = outcome.ratio("a second", OURS, BARE, route)
        outcome.judge("P3", f"{route}, by the same on bare Starlette; connections: {CALLERS}", 0.5, reached)
    return outcome
