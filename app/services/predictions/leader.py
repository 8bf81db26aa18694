"""Between processes: claim keys, infer them, store and tell; or wait for the process that holds the claim."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import structlog
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import AppError, NotFound, NotInTime, revive
from app.core.settings import Settings
from app.db import models
from app.db.engine import OUTAGES, Database, is_outage, run
from app.db.listener import Listener
from app.db.predictions import claims, predictions
from app.db.predictions.cache import CachedPrediction, Scope
from app.db.predictions.claims import Failure, KeyState, Lease
from app.db.predictions.predictions import NewPrediction
from app.schemas.hosting.deployments import Deployment
from app.services import pipeline
from app.services.inference import Inference
from app.services.use_case import UseCase

log = structlog.get_logger(__name__)

SHORTEST_POLL, LONGEST_POLL = 0.05, 0.5
"""Seconds between two looks at a key that another process computes."""
RENEWALS = 3
"""How often a claim is renewed within its lease."""
LONGEST_HOLD = 30.0
"""Most seconds for which a platform's Retry-After keeps a key from being tried."""


@dataclass(frozen=True)
class Wanted:
    """A key to be predicted, and its input. ``after``: predictions up to this id are not good enough."""

    record_id: str
    content_hash: str
    payload: JsonValue
    after: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return self.record_id, self.content_hash


@dataclass(frozen=True)
class Landed:
    """A prediction, and whether this call led to it or another one did."""

    entry: CachedPrediction
    led: bool


Result: TypeAlias = Landed | AppError
Flight: TypeAlias = asyncio.Future[Result]


@dataclass(frozen=True)
class Batch:
    """Keys that one task works on until each has its result. ``deadline`` is a time of the running loop."""

    deployment: Deployment
    scope: Scope
    lease: Lease
    deadline: float
    wanted: Sequence[Wanted]
    flights: dict[str, Flight]

    def open(self) -> list[Wanted]:
        """The keys that have no result yet."""
        return [one for one in self.wanted if not self.flights[one.record_id].done()]

    def land(self, record_id: str, result: Result) -> None:
        if not self.flights[record_id].done():
            self.flights[record_id].set_result(result)


class Leader:
    """Takes batches to their results. No connection is held while a model infers."""

    def __init__(
        self,
        settings: Settings,
        use_case: UseCase,
        database: Database,
        inference: Inference,
        listener: Listener,
    ) -> None:
        self._settings = settings
        self._use_case = use_case
        self._database = database
        self._inference = inference
        self._listener = listener

    def lease(self, owner: UUID) -> Lease:
        """A new hold in the name of ``owner``, with this process's beacon."""
        return Lease(owner, self._listener.beacon, self._settings.claim_lease)

    async def fly(self, batch: Batch) -> None:
        """Until every key has its result: ours to infer, or another process's to wait for."""
        while wanted := batch.open():
            claimed = await run(self._database.statements, lambda session: _claim(session, batch, wanted))
            if claimed:
                await self._infer(batch, claimed)
            if batch.open():
                await self._wait_for_others(batch)

    async def _infer(self, batch: Batch, claimed: Sequence[Wanted]) -> None:
        heartbeat = asyncio.create_task(self._renew_until_cancelled(batch, claimed))
        payloads = [one.payload for one in claimed]
        try:
            outcomes = await pipeline.run(
                self._use_case, self._inference, batch.deployment, payloads, deadline=batch.deadline
            )
        except BaseException:  # shutdown, or a bug: let others try at once
            await run(self._database.statements, lambda session: _release(session, batch, claimed))
            raise
        finally:
            heartbeat.cancel()
        stored = await run(
            self._database.transactions, lambda session: self._finish(session, batch, claimed, outcomes)
        )
        for one, outcome in zip(claimed, outcomes, strict=True):
            if isinstance(outcome, AppError):
                batch.land(one.record_id, outcome)
            else:
                batch.land(one.record_id, Landed(stored[one.record_id], led=True))

    async def _renew_until_cancelled(self, batch: Batch, claimed: Sequence[Wanted]) -> None:
        record_ids = [one.record_id for one in claimed]
        while True:
            await asyncio.sleep(batch.lease.seconds / RENEWALS)
            try:
                await run(
                    self._database.statements, lambda session: claims.renew(session, batch.lease, record_ids)
                )
            except OUTAGES as error:  # the model may still answer before the lease ends
                if not is_outage(error):
                    raise
                log.warning("claims not renewed", error=type(error).__name__)

    async def _finish(
        self,
        session: AsyncSession,
        batch: Batch,
        claimed: Sequence[Wanted],
        outcomes: Sequence[pipeline.Outcome],
    ) -> dict[str, CachedPrediction]:
        """Predictions in, claims out, errors onto the claims, waiters woken: all of it or nothing."""
        scope, lease = batch.scope, batch.lease
        rows, failures = [], []
        for one, outcome in zip(claimed, outcomes, strict=True):
            if isinstance(outcome, AppError):
                failures.append(self._failure(one, outcome))
            else:
                rows.append(_new_prediction(one, outcome, scope))
        async with session.begin():
            stored = await predictions.store(session, scope, rows, ttl=self._settings.prediction_ttl)
            await claims.release(session, lease, [row.record_id for row in rows])
            await claims.fail(session, lease, failures)
            for revision in {row.revision for row in rows} - {scope.revision}:
                await models.set_revision(
                    session, scope.model_version_id, revision, instead_of=scope.revision
                )
            await claims.notify(session, lease)
        return stored

    def _failure(self, one: Wanted, error: AppError) -> Failure:
        hold = max(self._settings.failure_hold, min(error.retry_after or 0, LONGEST_HOLD))
        return Failure(one.record_id, error.slug, error.in_words, hold)

    async def _wait_for_others(self, batch: Batch) -> None:
        """Until a key may be claimed, or all have landed."""
        pause = SHORTEST_POLL
        while wanted := batch.open():
            states = await run(self._database.statements, lambda session: _states(session, batch, wanted))
            busy = [state for state in states.values() if not _settled(batch, state)]
            if len(busy) < len(batch.open()):
                return  # the others are free to claim
            if not busy:
                continue
            if asyncio.get_running_loop().time() > batch.deadline:
                _time_out(batch, busy)
            elif owner := busy[0].owner:
                await self._listener.wait(owner, pause * random.uniform(0.7, 1.3))
                pause = min(pause * 1.6, LONGEST_POLL)


def _settled(batch: Batch, state: KeyState) -> bool:
    """Land what another process found; True unless it is still at it."""
    if state.entry is not None:
        batch.land(state.record_id, Landed(state.entry, led=False))
    elif state.error is not None and not state.free:
        batch.land(state.record_id, revive(*state.error))
    return state.free or batch.flights[state.record_id].done()


def _time_out(batch: Batch, busy: Sequence[KeyState]) -> None:
    for state in busy:
        batch.land(state.record_id, NotInTime("Another process is still computing this prediction."))


async def _claim(session: AsyncSession, batch: Batch, wanted: Sequence[Wanted]) -> list[Wanted]:
    """Claim what can be claimed, then look once more: it may have landed since the lookup."""
    taken = await claims.claim(session, batch.scope, [one.key for one in wanted], batch.lease)
    mine = [one for one in wanted if one.record_id in taken]
    if not mine:
        return []
    states = await _states(session, batch, mine)
    landed = [one for one in mine if _settled(batch, states[one.record_id])]
    await _release(session, batch, landed)
    return [one for one in mine if one not in landed]


async def _states(session: AsyncSession, batch: Batch, wanted: Sequence[Wanted]) -> dict[str, KeyState]:
    keys = [(*one.key, one.after) for one in wanted]
    if not (states := await claims.states(session, batch.scope, keys)):
        raise NotFound("The model version was deleted meanwhile.")
    return states


async def _release(session: AsyncSession, batch: Batch, claimed: Sequence[Wanted]) -> None:
    if claimed:
        await claims.release(session, batch.lease, [one.record_id for one in claimed])


def _new_prediction(one: Wanted, computed: pipeline.Computed, scope: Scope) -> NewPrediction:
    revision = scope.revision if computed.revision is None else computed.revision
    return NewPrediction(
        *one.key, revision, computed.output, computed.raw_output, computed.latency_ms, one.after
    )
