"""How much is in the queue, by kind and state. The database's clock decides."""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.queue.tasks import PRIORITY

OPERATION = "operation"
KINDS = (*PRIORITY, OPERATION)


class TasksOfKind(NamedTuple):
    """Of one kind: what is due and waits for a worker, what is due later, and what is worked on.

    ``oldest`` is for how many seconds the longest has been waiting.
    """

    kind: str
    waiting: int = 0
    delayed: int = 0
    running: int = 0
    oldest: float = 0.0


_DEPTHS = text(f"""
    select kind,
           count(*) filter (where state = 'waiting'), count(*) filter (where state = 'delayed'),
           count(*) filter (where state = 'running'),
           coalesce(extract(epoch from now() - min(due_at) filter (where state = 'waiting')), 0)::float8
    from (
        select entrypoint as kind, execute_after as due_at,
               case when status = 'picked' then 'running' when execute_after > now() then 'delayed'
                    else 'waiting' end as state
        from pgqueuer where status in ('queued', 'picked')
        union all
        select '{OPERATION}', due_at,
               case when due_at <= now() then 'waiting' when state = 'running' then 'running'
                    else 'delayed' end
        from operations where state in ('queued', 'running')
    ) queued
    group by kind
""")


async def depths(session: AsyncSession) -> list[TasksOfKind]:
    """Of each kind, in the order of KINDS."""
    found = {row[0]: TasksOfKind(*row) for row in await session.execute(_DEPTHS)}
    return [found.get(kind, TasksOfKind(kind)) for kind in KINDS]
