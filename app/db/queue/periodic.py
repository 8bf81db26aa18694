"""What is due by cron expressions, each done by one of the workers. The database's clock decides."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from croniter import croniter
from pgqueuer import Queries
from pgqueuer.models import CronExpressionEntrypoint, Schedule
from pgqueuer.types import CronEntrypoint, CronExpression, ScheduleId

from app.db.queue.queue import Queue
from app.db.server.connecting import Connection


async def note(queue: Queue, crons: Mapping[str, str]) -> None:
    """Have these, by name, done from their next times on."""

    async def insert(connection: Connection, queries: Queries) -> None:
        await queries.insert_schedule(await _keyed(connection, crons))

    await queue.do(insert)


async def take_due(queue: Queue, crons: Mapping[str, str]) -> list[Schedule]:
    """What of these is due, or was left by a worker that died; each is due again at its next time."""

    async def take(connection: Connection, queries: Queries) -> list[Schedule]:
        return await queries.fetch_schedule(await _keyed(connection, crons))

    return await queue.do(take)


async def _keyed(
    connection: Connection, crons: Mapping[str, str]
) -> dict[CronExpressionEntrypoint, timedelta]:
    """How long it is until each one's next time."""
    now = await connection.fetchval("select now()")
    return {
        CronExpressionEntrypoint(CronEntrypoint(name), CronExpression(cron)): _until_next(cron, now)
        for name, cron in crons.items()
    }


def _until_next(cron: str, now: datetime) -> timedelta:
    following: datetime = croniter(cron, now).get_next(datetime)
    return following - now


async def beat(queue: Queue, ids: Sequence[ScheduleId]) -> None:
    """Show that these are being done: 30 seconds later another worker would begin them."""
    await queue.do(lambda _, queries: queries.update_schedule_heartbeat(set(ids)))


async def end(queue: Queue, schedule_id: ScheduleId) -> None:
    """Have it due again at its next time."""
    await queue.do(lambda _, queries: queries.set_schedule_queued({schedule_id}))
