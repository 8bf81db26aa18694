"""Between processes: claim contents, infer them, store and tell; or wait for who holds the claim."""

import asyncio
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from time import monotonic
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import AppError, NotFound, NotInTime
from app.core.errors.stored import revive
from app.core.joining import Joined, apart
from app.core.settings import Settings
from app.core.signals import timed
from app.db.engine import OUTAGES, Database, is_outage, run
from app.db.listener import Listener
from app.db.predictions import claiming, claims
from app.db.predictions.cache import CachedPrediction
from app.db.predictions.claiming import Claiming, Seen
from app.db.predictions.claims import KeyState, Lease, States
from app.schemas.access.callers import CURRENT
from app.schemas.hosting.deployments import InService
from app.services import pipeline
from app.services.access.budgets import Budgets
from app.services.inference import Inference
from app.services.models.looks import PromptLooks
from app.services.predictions.flights import Batch, Landed, Wanted
from app.services.predictions.heartbeat import Heartbeat
from app.services.predictions.storing import Found, Store
from app.services.use_case import UseCase

log = structlog.get_logger(__name__)

SHORTEST_POLL, LONGEST_POLL = 0.05, 0.5
"""Seconds between two looks at a content that another process computes."""
CLAIMS, CONTENTS_AT_ONCE = 2, 256
"""Statements at once that claim what concurrent callers miss, and the most contents of one."""
RENEWALS = 3
"""How often a claim is renewed within its lease."""


@dataclass(frozen=True)
class Claimed:
    """The contents of a batch that are its own to compute, and what was there when they had been claimed.

    ``seen`` is None where none is its own, or the version was deleted.
    """

    hashes: Collection[str]
    seen: Seen | None


@dataclass(frozen=True)
class Leader:
    """Takes batches to their results. No connection is held while a model infers."""

    settings: Settings
    use_case: UseCase
    database: Database
    inference: Inference
    listener: Listener
    looks: PromptLooks
    budgets: Budgets
    code_seconds: float | None = None  # of each stage; PREDICT_TIMEOUT

    @cached_property
    def _claims(self) -> Joined[Claiming, Claimed]:
        return Joined(
            self._claim_together,
            goes=CLAIMS,
            most=CONTENTS_AT_ONCE,
            size=lambda batch: len(batch.hashes),
            patience=self.settings.database_pool_timeout,
            concerns_all=is_outage,
        )

    @cached_property
    def _stages(self) -> pipeline.Stages:
        return pipeline.Stages(self.use_case, self.code_seconds or self.settings.predict_timeout)

    @cached_property
    def _store(self) -> Store:
        return Store(self.settings, self.database)

    def lease(self, owner: UUID) -> Lease:
        """A new hold in the name of ``owner``, with this process's beacon."""
        return Lease(owner, self.listener.beacon, self.settings.claim_lease)

    async def fly(self, batch: Batch) -> None:
        """Until every content has its result: ours to infer, or another process's to wait for."""
        while wanted := batch.open():
            claimed, in_service = await timed("claim", self._claim(batch, wanted))
            if paid := await self._pay(batch, claimed):
                await self._infer(batch, paid, in_service)
            if batch.open():
                await timed("wait", self._wait_for_others(batch))

    async def _claim(self, batch: Batch, wanted: Sequence[Wanted]) -> tuple[list[Wanted], InService]:
        """Claim what can be claimed, and land what is there by now, for another record of it, too."""
        hashes, is_known = [one.content_hash for one in wanted], False
        try:
            claimed = await self._claims.ask(Claiming(batch.scope, hashes, batch.lease))
            is_known = True
        finally:  # it may be ours without our knowing
            if not is_known:
                await asyncio.shield(self._release(batch, hashes))
        if not claimed.hashes:
            return [], InService()
        if claimed.seen is None:
            await self._release(batch, hashes)
            raise NotFound("The model version was deleted meanwhile.")
        mine = [one for one in wanted if one.content_hash in claimed.hashes]
        landed = [one for one in mine if _is_there(batch, one, claimed.seen.entries.get(one.content_hash))]
        if landed:
            await self._release(batch, [one.content_hash for one in landed])
        return [one for one in mine if one not in landed], claimed.seen.in_service

    async def _pay(self, batch: Batch, claimed: Sequence[Wanted]) -> Sequence[Wanted]:
        """Those that the caller's budget has inferences for, the first ones. It is left to others to compute
        the rest."""
        if not claimed or (caller := CURRENT.get()).inferences_per_day is None:
            return claimed
        count, refusal = 0, None
        try:
            count, refusal = await self.budgets.take(caller, len(claimed))
        finally:
            if unpaid := claimed[count:]:
                await asyncio.shield(self._release(batch, [one.content_hash for one in unpaid]))
        if refusal is not None:
            for one in unpaid:
                batch.land(one.content_hash, refusal)
        return claimed[:count]

    async def _claim_together(self, batches: Sequence[Claiming]) -> Sequence[Claimed]:
        return await apart(batches, lambda batch: batch.scope.claimed_under, self._claim_alike)

    async def _claim_alike(self, batches: Sequence[Claiming]) -> Sequence[Claimed]:
        """Two statements, of which the second sees all that others stored before the first."""
        direct = self.database.direct
        taken = await claiming.claim(direct, batches)
        claimed = [(batch.scope, [*hashes]) for batch, hashes in zip(batches, taken, strict=True) if hashes]
        ttl = self.settings.prediction_ttl
        seen = iter(await claiming.look_again(direct, claimed, ttl=ttl) if claimed else ())
        return [Claimed(hashes, next(seen) if hashes else None) for hashes in taken]

    async def _states(self, session: AsyncSession, batch: Batch, wanted: Sequence[Wanted]) -> States:
        hashes, ttl = [one.content_hash for one in wanted], self.settings.prediction_ttl
        if (states := await claims.states(session, batch.scope, hashes, ttl=ttl)) is None:
            raise NotFound("The model version was deleted meanwhile.")
        return states

    async def _infer(self, batch: Batch, claimed: Sequence[Wanted], in_service: InService) -> None:
        hashes = [one.content_hash for one in claimed]
        heartbeat = Heartbeat(batch.lease.seconds / RENEWALS, partial(self._renew, batch, hashes))
        is_stored = False
        try:
            outcomes = await pipeline.run(
                *(self._stages, self.inference, batch.deployment),
                [one.payload for one in claimed],
                deadline=batch.deadline,
            )
            found = Found(batch, claimed, outcomes, in_service, monotonic())
            stored = await timed("store", self._store.store(found))
            is_stored = True
        finally:  # after a shutdown, a bug or an outage: let others try at once
            heartbeat.stop()
            if not is_stored:
                await asyncio.shield(self._release(batch, hashes))
        if stored.surprises:
            self.looks.ask(batch.scope.model_version_id)
        for one, outcome in zip(claimed, outcomes, strict=True):
            if isinstance(outcome, AppError):
                batch.land(one.content_hash, outcome)
            else:
                batch.land(one.content_hash, Landed(stored.entries[one.record_id], "MISS"))

    async def _release(self, batch: Batch, hashes: Sequence[str]) -> None:
        try:
            await run(self.database.statements, lambda session: claims.release(session, batch.lease, hashes))
        except OUTAGES as error:  # the lease will end by itself
            log.warning("claims not released", error=type(error).__name__)

    async def _renew(self, batch: Batch, hashes: Sequence[str]) -> None:
        try:
            await claims.renew(self.database.direct, batch.lease, hashes)
        except OUTAGES as error:  # the model may still answer before the lease ends
            if not is_outage(error):
                raise
            log.warning("claims not renewed", error=type(error).__name__)

    async def _wait_for_others(self, batch: Batch) -> None:
        """Until a content may be claimed, or all have landed."""
        pause, since = SHORTEST_POLL, None
        while wanted := batch.open():
            settle = partial(self._settle, batch=batch, wanted=wanted, since=since)
            states, since = await run(self.database.statements, settle)
            busy = [state for state in states if not state.free and batch.is_open(state.content_hash)]
            if len(busy) < len(batch.open()):
                return  # the others are free to claim
            if not busy:
                continue
            if asyncio.get_running_loop().time() > batch.deadline:
                _time_out(batch, busy)
            elif owner := busy[0].owner:
                await self.listener.wait(owner, pause * random.uniform(0.7, 1.3))
                pause = min(pause * 1.6, LONGEST_POLL)

    async def _settle(
        self, session: AsyncSession, batch: Batch, wanted: Sequence[Wanted], since: int | None
    ) -> tuple[list[KeyState], int]:
        """Land what another process found. ``since``: the newest prediction when we began to wait for it."""
        await claims.wait(session, batch.scope, [one.content_hash for one in wanted])
        states = await self._states(session, batch, wanted)
        since = states.newest_id if since is None else since
        for one in wanted:
            _land(batch, one, states.keys[one.content_hash])
        left = [one.content_hash for one in wanted if batch.is_open(one.content_hash)]
        free = [content for content in left if states.keys[content].free]
        if free:  # an answer of which nobody knows what made it is for those who waited for it
            found = await claims.unknown(session, batch.scope, free, after=since)
            for one in wanted:
                if (entry := found.get(one.content_hash)) is not None and one.accepts(entry):
                    batch.land(one.content_hash, Landed(entry, "COALESCED"))
        return list(states.keys.values()), since


def _is_there(batch: Batch, one: Wanted, entry: CachedPrediction | None) -> bool:
    """Land what is stored already, of a claim that is ours."""
    if entry is None or not one.accepts(entry):
        return False
    is_own = entry.record_id == one.record_id
    batch.land(one.content_hash, Landed(entry, "COALESCED" if is_own else "HIT"))
    return True


def _land(batch: Batch, one: Wanted, state: KeyState) -> None:
    """Land what another process found, if it has."""
    if state.entry is not None and one.accepts(state.entry):
        batch.land(one.content_hash, Landed(state.entry, "COALESCED"))
    elif state.error is not None and not state.free:
        batch.land(one.content_hash, revive(state.error))


def _time_out(batch: Batch, busy: Sequence[KeyState]) -> None:
    for state in busy:
        batch.land(state.content_hash, NotInTime("Another process is still computing this prediction."))
