"""What is so now in a process."""

from collections import Counter

from app.core.signals.totals import Gauges
from app.db.server import usage
from app.db.server.usage import PoolUse
from app.services.runtime import Runtime

PROCESSES = "processes"
BREAKERS = "breaker_open"
POOL_SIZE, POOL_USED, POOL_WAITING = (
    "database_pool_connections_max",
    "database_pool_connections_in_use",
    "database_pool_waiting",
)


def gauges(runtime: Runtime) -> Gauges:
    """By name and labels. All may be added up over processes."""
    found: Counter[tuple[str, tuple[str, ...]]] = Counter({(PROCESSES, ()): 1})
    for of_whom, breaker in runtime.inference.breakers():
        found[BREAKERS, (of_whom.model, of_whom.version)] += int(breaker.is_open)
    shared, direct = usage.of(runtime.database.engine), runtime.database.direct
    in_use = min(direct.users, direct.size)
    predictions = PoolUse(direct.size, in_use, direct.users - in_use)
    for pool, one in (("shared", shared), ("predictions", predictions)):
        found[POOL_SIZE, (pool,)] = one.size
        found[POOL_USED, (pool,)] = one.in_use
        found[POOL_WAITING, (pool,)] = one.waiting
    return found
