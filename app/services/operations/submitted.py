"""Operations on platforms that answer later: rows handed over, and answers fetched, by any worker."""

import asyncio
from uuid import UUID

import structlog

from app.backends.submitting import Ticket
from app.core.errors import AppError, BackendTimeout
from app.core.signals.answered import note_as
from app.core.signals.versions import concern, concerned
from app.db.operations import working as rows
from app.db.operations.working import TakenOperation
from app.schemas.access.callers import acting_within
from app.schemas.hosting.deployments import Deployment
from app.services import pipeline
from app.services.hosting.outcomes import Inferred, read
from app.services.models import versions
from app.services.operations.ending import Ending
from app.services.operations.pauses import FIRST_LOOK, before_another_look, before_another_try, put_off
from app.services.operations.taken import epoch_of, payload_of
from app.services.pipeline import Computed, Stages
from app.services.pipeline.limits import Time
from app.services.predictions.storing import persistently
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

CALL_SECONDS = 70.0
"""That a platform has to take a row, or to give an answer."""


class Submitted:
    """Hands rows over, one a call: each has its own answer, and is paid for by itself."""

    def __init__(self, runtime: Runtime, owner: UUID) -> None:
        self._runtime, self._owner = runtime, owner
        self._stages = Stages(runtime.use_case)
        self._ending = Ending(runtime.settings, runtime.database, owner)

    async def work(self, taken: TakenOperation) -> None:
        """What is to be done of it now."""
        try:
            deployment = await versions.deployment(self._runtime.sessions, taken.version_id)
            named = deployment.model, deployment.version
            with acting_within(taken.record_prefix, deployment.model), concerned(*named):
                if taken.ticket is None:
                    await self._hand_over(taken, deployment)
                else:
                    await self._fetch(taken, deployment, Ticket.model_validate(taken.ticket))
        except AppError as error:
            await self._failed(taken, error)

    async def _failed(self, taken: TakenOperation, error: AppError) -> None:
        """Of what may pass the next try is put off; an answer that could not be looked for is still there."""
        if not error.retryable or taken.is_over:
            await self._ending.fail(taken, error)
            return
        pause = before_another_look(taken) if taken.ticket else before_another_try(taken, error)
        await put_off(self._runtime.sessions, self._owner, taken, pause)

    async def _hand_over(self, taken: TakenOperation, deployment: Deployment) -> None:
        """Between the platform's word and the note of it no other worker may know; a worker that is killed
        then has what it handed over paid for once more."""
        pipeline.require_features(self._runtime.use_case, deployment)
        payload = await payload_of(self._runtime.database, taken)
        [row] = await self._stages.rows([payload], deployment, self._time())
        if isinstance(row, AppError):
            raise row
        epoch = await epoch_of(self._runtime.database, taken)
        ticket = await self._runtime.inference.submitting.submit(deployment, row, CALL_SECONDS)
        await asyncio.shield(self._note(taken, ticket, epoch))

    async def _note(self, taken: TakenOperation, ticket: Ticket, epoch: int) -> None:
        sessions, kept = self._runtime.sessions, ticket.model_dump(mode="json")

        async def note() -> bool:
            async with sessions.begin() as session:
                return await rows.note_ticket(
                    *(session, self._owner, taken.id, kept),
                    epoch=epoch,
                    pause=FIRST_LOOK,
                    patience=ticket.seconds,
                )

        if not await persistently(note):
            log.warning("operation handed over twice", operation=taken.id)

    async def _fetch(self, taken: TakenOperation, deployment: Deployment, ticket: Ticket) -> None:
        reply = await self._runtime.inference.submitting.collect(deployment, ticket, CALL_SECONDS)
        if reply is None:
            if taken.is_over:
                raise BackendTimeout(
                    "No answer came within the platform's own limits, or it was removed before it was read."
                )
            await put_off(self._runtime.sessions, self._owner, taken, before_another_look(taken))
            return
        [inferred] = read(reply, 1, round(taken.waited * 1000, 3))
        if isinstance(inferred, AppError):
            await self._ending.fail(taken, concern(inferred, deployment.model, deployment.version))
        else:
            await self._finish(taken, deployment, inferred)

    async def _finish(self, taken: TakenOperation, deployment: Deployment, inferred: Inferred) -> None:
        payload = await payload_of(self._runtime.database, taken)
        [output] = await self._stages.outputs([(inferred.output, payload)], deployment, self._time())
        if isinstance(output, AppError):
            await self._ending.fail(taken, concern(output, deployment.model, deployment.version))
            return
        told = inferred.revision, inferred.latency_ms, inferred.variant, inferred.notes
        if await self._ending.land(taken, Computed(output, inferred.output, *told)):
            note_as("operation", deployment.model, deployment.version, "MISS", taken.waited)

    def _time(self) -> Time:
        now = asyncio.get_running_loop().time()
        return Time(now, now + self._runtime.settings.predict_timeout)
