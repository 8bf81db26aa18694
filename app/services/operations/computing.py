"""Operations on platforms that answer a call when the model has: a worker waits for it."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from time import perf_counter
from uuid import UUID

from app.core.errors import AppError
from app.core.signals.answered import note_as
from app.core.signals.versions import concerned
from app.db.operations.working import TakenOperation
from app.schemas.access.callers import acting_within
from app.schemas.hosting.deployments import Deployment
from app.services import pipeline
from app.services.models import versions
from app.services.operations.ending import Ending
from app.services.operations.pauses import before_another_try, put_off
from app.services.operations.taken import epoch_of, payload_of
from app.services.predictions import storing
from app.services.predictions.flights import Landed, Wanted
from app.services.runtime import Runtime

GRACE = 1.0
"""Seconds for the claims of what is given up."""


class Computing:
    """Predicts as for any caller, under the same claims, and waits for longer: what was asked for, whatever
    its record has become since."""

    def __init__(self, runtime: Runtime, owner: UUID) -> None:
        self._runtime, self._owner = runtime, owner
        self._ending = Ending(runtime.settings, runtime.database, owner)
        self._flights = runtime.flights.with_patience(runtime.settings.operation_timeout)

    async def work(self, taken: TakenOperation) -> None:
        """Until it is answered, or has failed; what may pass is tried again later."""
        try:
            deployment, began = (
                await versions.deployment(self._runtime.sessions, taken.version_id),
                perf_counter(),
            )
            named = deployment.model, deployment.version
            with acting_within(taken.record_prefix, deployment.model), concerned(*named):
                landed = await self._predict(taken, deployment)
        except AppError as error:
            if error.retryable and not taken.is_over:
                pause = before_another_try(taken, error)
                await put_off(self._runtime.sessions, self._owner, taken, pause)
            else:
                await self._ending.fail(taken, error)
            return
        await self._ending.done(taken, landed.entry.id)
        note_as("operation", *named, landed.state, taken.waited + perf_counter() - began)

    async def _predict(self, taken: TakenOperation, deployment: Deployment) -> Landed:
        """A prediction of the record itself, unless that is gone."""
        database = self._runtime.database
        pipeline.require_features(self._runtime.use_case, deployment)
        if (refusal := self._flights.refusal(deployment)) is not None:
            raise refusal
        payload = await payload_of(database, taken)
        since = taken.created_at if taken.refresh else None
        one = Wanted(taken.record_id, taken.content_hash, payload, since)
        scope = replace(taken.scope, epoch=await epoch_of(database, taken))
        result = (await self._flights.predict(deployment, scope, [one]))[one.content_hash]
        if not isinstance(result, Landed):
            raise result
        if result.entry.record_id == one.record_id:
            return result
        sources, settings = {one.record_id: result.entry.id}, self._runtime.settings
        own = await storing.adopt(settings, database, scope, sources, newly=taken.refresh)
        return replace(result, entry=own.get(one.record_id, result.entry))

    async def aclose(self) -> None:
        """Give up what is under way; it is another worker's then."""
        with suppress(asyncio.CancelledError):
            await self._flights.aclose(grace=GRACE)
