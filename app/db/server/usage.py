"""How many connections of a pool are in use, and how many callers wait for one."""

from asyncio import Queue
from typing import NamedTuple, cast

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool


class PoolUse(NamedTuple):
    """``waiting``: callers that have no connection yet."""

    size: int
    in_use: int
    waiting: int


def of(engine: AsyncEngine) -> PoolUse:
    """Of a pooled engine."""
    pool = cast(AsyncAdaptedQueuePool, engine.sync_engine.pool)
    return PoolUse(pool.size(), pool.checkedout(), _waiting(pool))


def _waiting(pool: AsyncAdaptedQueuePool) -> int:
    """Neither SQLAlchemy nor asyncio tells that."""
    queue: Queue[object] | None = getattr(pool._pool, "_queue", None)
    return sum(not one.done() for one in getattr(queue, "_getters", ()))
