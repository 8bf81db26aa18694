"""What the database tells, whichever process asks it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import OUTAGES, Database, is_outage, is_unmigrated, run
from app.db.evaluations import newest
from app.db.evaluations.newest import NewestMetric
from app.db.queue import depth, lives
from app.db.queue.depth import TasksOfKind

KEPT = 2.0
"""Seconds that an answer is remembered, so that several who ask are no load."""
PATIENCE = 3.0
"""Seconds that the database has to answer: who scrapes gives up after ten."""


@dataclass(frozen=True)
class DatabaseSignals:
    """``versions``: the names of all models and versions that there are; None where nobody could say."""

    is_up: bool = False
    depths: Sequence[TasksOfKind] = ()
    workers: int | None = None
    metrics: Sequence[NewestMetric] = ()
    versions: frozenset[tuple[str, str]] | None = field(default=None, repr=False)


class DatabaseLook:
    """Looks when somebody asks, once at a time. Who asks is bound to nothing: what is found is remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found, self._known_until = DatabaseSignals(), 0.0
        self._looks = asyncio.Lock()

    async def now(self) -> DatabaseSignals:
        """What it says, or has just said; that it is away where it does not answer in time."""
        async with self._looks:
            loop = asyncio.get_running_loop()
            if loop.time() >= self._known_until:
                self._found = await self._look()
                self._known_until = loop.time() + KEPT
            return self._found

    async def _look(self) -> DatabaseSignals:
        try:
            async with asyncio.timeout(PATIENCE):
                return await run(self._database.statements, _ask)
        except TimeoutError:
            return DatabaseSignals()
        except OUTAGES as error:
            if not (is_outage(error) or is_unmigrated(error)):
                raise
            return DatabaseSignals()


async def _ask(session: AsyncSession) -> DatabaseSignals:
    return DatabaseSignals(
        is_up=True,
        depths=await depth.depths(session),
        workers=await lives.count(session),
        metrics=await newest.metrics(session),
        versions=await newest.versions(session),
    )
