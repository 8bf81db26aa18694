"""Which workers live: a row each, which lapses unless it is renewed. The database's clock decides."""

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import WorkerRow

LAPSE = 15
"""Seconds after which a worker that shows no life is dead. It shows some every two."""

ENTER = f"""
    with dead as (delete from workers where until < now() - interval '1 hour')
    insert into workers (id, until) values ($1, now() + interval '{LAPSE} seconds')
    on conflict (id) do update set until = excluded.until
"""
"""For a connection of asyncpg; the parameter is the worker's id. Rows of those that died go with it."""

_IDLE = text("""
    select exists (
               select from pgqueuer where status in ('queued', 'picked') and execute_after <= now()
           ) as "tasks",
           exists (select from evaluation_schedules where next_run <= now()) as "evaluation schedules",
           exists (
               select from operations where state in ('queued', 'running') and due_at <= now()
           ) as "operations"
    where not exists (select from workers where until > now())
""")


async def left_undone(session: AsyncSession) -> list[str]:
    """What is due while no worker lives; nothing while one does."""
    found = (await session.execute(_IDLE)).mappings().one_or_none()
    return [name for name, is_due in (found or {}).items() if is_due]


async def count(session: AsyncSession) -> int:
    """How many workers live."""
    query = select(func.count()).select_from(WorkerRow).where(WorkerRow.until > func.now())
    return (await session.scalars(query)).one()
