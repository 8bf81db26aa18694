"""How operations end: with a prediction, or with what failed; and who waits for them is told."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import AppError, NotFound
from app.core.errors.stored import as_stored
from app.core.logging.quoting import Quoted
from app.core.settings import Settings
from app.core.signals.answered import note_error
from app.db import looks
from app.db.engine import OUTAGES, Database, run
from app.db.operations import working as rows
from app.db.operations.working import TakenOperation
from app.db.predictions import predictions
from app.db.predictions import storing as joint
from app.services.pipeline import Computed
from app.services.predictions.flights import Wanted
from app.services.predictions.lasting.operations import told_as
from app.services.predictions.storing import new_row, persistently

log = structlog.get_logger(__name__)


class Ending:
    """Ends the operations of one worker, ``owner``."""

    def __init__(self, settings: Settings, database: Database, owner: UUID) -> None:
        self._settings, self._database, self._owner = settings, database, owner

    async def land(self, taken: TakenOperation, computed: Computed) -> bool:
        """Store what was computed, and end it, in one transaction: of two workers that have an answer, the
        second has nothing to do. Whether it was this that ended it."""
        land = partial(self._land, taken, computed)
        is_ours = await persistently(lambda: run(self._database.transactions, land))
        await self._tell([taken.id])
        return is_ours

    async def _land(self, taken: TakenOperation, computed: Computed, session: AsyncSession) -> bool:
        async with session.begin():
            if not await rows.hold(session, self._owner, taken.id):
                return False
            now = await looks.hold(session, taken.version_id)
            if now is None:
                raise NotFound("The model version was deleted meanwhile.")
            since = taken.created_at if taken.refresh else None
            one = Wanted(taken.record_id, taken.content_hash, None, since)
            sent_in = taken.epoch if taken.submitted_epoch is None else taken.submitted_epoch
            row = new_row(one, computed, sent_in, now, 0.0)
            ttl = self._settings.prediction_ttl
            stored = await predictions.store(session, taken.scope, [row], ttl=ttl)
            await rows.end(session, taken.id, stored[taken.record_id].id)
            return True

    async def done(self, taken: TakenOperation, prediction_id: int) -> None:
        """End one whose prediction is stored."""

        async def note(session: AsyncSession) -> None:
            async with session.begin():
                await rows.end(session, taken.id, prediction_id)

        await persistently(lambda: run(self._database.transactions, note))
        await self._tell([taken.id])

    async def fail(self, taken: TakenOperation, error: AppError) -> None:
        """End one that no other try would get over. The failure is shared for FAILURE_HOLD. What another
        worker has taken meanwhile is its own to end."""
        log.warning("operation failed", operation=taken.id, problem=error.slug, detail=Quoted(error.detail))

        async def note(session: AsyncSession) -> bool:
            async with session.begin():
                if is_ours := await rows.hold(session, self._owner, taken.id):
                    await rows.fail(session, taken.id, as_stored(error), self._settings.failure_hold)
                return is_ours

        if await persistently(lambda: run(self._database.transactions, note)):
            note_error("operation", error, taken.waited)
        await self._tell([taken.id])

    async def _tell(self, ids: Sequence[int]) -> None:
        """Who is not told finds out by itself, a little later."""
        try:
            await joint.notify(self._database.direct, [*map(told_as, ids)])
        except OUTAGES as error:
            log.warning("waiters not told", error=type(error).__name__)
