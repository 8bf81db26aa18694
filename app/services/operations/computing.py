"""Operations on platforms that answer a call when the model has: a worker waits for it."""

import asyncio
from contextlib import suppress
from uuid import UUID

from app.core.errors import AppError
from app.db.operations.working import TakenOperation
from app.schemas.access.callers import acting_within
from app.services.models import versions
from app.services.operations.ending import Ending
from app.services.operations.pauses import before_another_try, put_off
from app.services.predictions.predictor import Ask, Predictor
from app.services.runtime import Runtime

GRACE = 1.0
"""Seconds for the claims of what is given up."""


class Computing:
    """Predicts as for any caller, through the cache and its claims, and waits for longer."""

    def __init__(self, runtime: Runtime, owner: UUID) -> None:
        self._sessions, self._owner = runtime.sessions, owner
        self._ending = Ending(runtime.settings, runtime.database, owner)
        patience = runtime.settings.operation_timeout
        settings = runtime.settings.model_copy(update={"predict_timeout": patience})
        self._flights = runtime.flights.with_patience(patience)
        self._predictor = Predictor(settings, runtime.use_case, runtime.database, self._flights)

    async def work(self, taken: TakenOperation) -> None:
        """Until it is answered, or has failed; what may pass is tried again later."""
        try:
            deployment = await versions.deployment(self._sessions, taken.version_id)
            ask = Ask(deployment.model, deployment.version, taken.refresh)
            with acting_within(taken.record_prefix, deployment.model):
                answer = await self._predictor.predict(taken.record_id, ask)
        except AppError as error:
            if error.retryable and not taken.is_over:
                await put_off(self._sessions, self._owner, taken, before_another_try(taken, error))
            else:
                await self._ending.fail(taken, error)
            return
        await self._ending.done(taken, answer.id)

    async def aclose(self) -> None:
        """Give up what is under way; it is another worker's then."""
        with suppress(asyncio.CancelledError):
            await self._flights.aclose(grace=GRACE)
