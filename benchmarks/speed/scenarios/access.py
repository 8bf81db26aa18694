"""S7: what it costs a hit that callers are known, bound and limited."""

import asyncio
from contextlib import ExitStack

from pydantic import SecretStr

from app.db.engine import create_engine, create_sessions
from app.services.access import keys
from app.services.access.keys import NewKey
from benchmarks.speed.bench import Bench
from benchmarks.speed.made_up import HIT
from benchmarks.speed.place import MODEL, Stocked, ours
from benchmarks.speed.results.outcome import Outcome
from tests.support.postgres import query
from tests.support.settings import IsolatedSettings

NOBODY, KEYED, BOUND = "AUTH=none", "a key", "a tenant's key with a rate and a budget"
PLENTY = 1_000_000
RECORDS, CALLERS, RATE = 10_000, 32, "a second"
WALLED = (
    "select format('alter table %I force row level security', relname) from pg_class where relrowsecurity"
)
NOTE = (
    "The tenant's key has the scope predict, one model, a prefix, a rate and a budget that are not used up,"
    " and the policies of the tables concern the service's role."
)


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("access")
    with bench.place.database("access", hits=RECORDS) as stocked, ExitStack() as stack:
        _build_walls(stocked)
        given = {NOBODY: ""} | asyncio.run(_made(stocked.url))
        paths = bench.hit_paths("access", RECORDS)
        programs = [
            stack.enter_context(ours(stocked, name, variables={} if key else {"AUTH": "none"}))
            for name, key in given.items()
        ]
        for program in programs:
            bench.hammered(program, paths, callers=CALLERS, key=given[program.name])
        for _ in range(bench.rounds):
            for program in programs:
                measured = bench.hammered(program, paths, callers=CALLERS, key=given[program.name])
                outcome.add(program.name, measured, str(CALLERS))
    for quantity in (RATE, "CPU us"):
        outcome.compare(quantity, NOBODY)
    what = f"hits a second with {BOUND} by those with {NOBODY}, connections: {CALLERS}"
    outcome.judge("S7", what, 0.9, outcome.ratio(RATE, BOUND, NOBODY, str(CALLERS)))
    outcome.notes.append(NOTE)
    return outcome


def _build_walls(stocked: Stocked) -> None:
    """Here the service's role owns the tables, which policies pass over unless they are told not to."""
    url = stocked.place.superuser_url(stocked.name)
    for (statement,) in query(url, WALLED):
        query(url, str(statement))


async def _made(url: str) -> dict[str, str]:
    engine = create_engine(IsolatedSettings(database_url=SecretStr(url)))
    bound = NewKey(
        "bound",
        ["predict"],
        models=[MODEL],
        record_prefix=HIT,
        requests_per_second=PLENTY,
        inferences_per_day=PLENTY,
    )
    wanted = {KEYED: NewKey("keyed", ["predict"]), BOUND: bound}
    made = {name: await keys.make(create_sessions(engine), new) for name, new in wanted.items()}
    await engine.dispose()
    return {name: key for name, key in made.items() if key is not None}
