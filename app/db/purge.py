"""Deletes what is past its time, in batches."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.server.patience import patient

# What an evaluation judged stays: its comparison with another one reads it. One that is under way will name
# what it found, old or not, at its end.
_PREDICTIONS = text("""
    delete from predictions where id in (
        select id from predictions
        where computed_at < now() - make_interval(days => :days)
          and not exists (select from evaluation_items where prediction_id = predictions.id)
          and not exists (select from evaluations where state = 'running')
        order by computed_at, id limit :batch
    ) returning id
""")

_QUEUE_LOGS = [
    text(f"delete from {table} where created < now() - make_interval(days => :days)")
    for table in ("pgqueuer_log", "pgqueuer_statistics")
]


async def predictions(session: AsyncSession, *, days: int, batch: int) -> int:
    """Delete at most ``batch`` predictions computed more than ``days`` ago; how many there were."""
    return len((await session.scalars(patient(_PREDICTIONS), {"days": days, "batch": batch})).all())


async def queue_log(session: AsyncSession, *, days: int) -> None:
    """Delete what the queue noted of tasks that ended more than ``days`` ago."""
    for statement in _QUEUE_LOGS:
        await session.execute(patient(statement), {"days": days})
