"""Computed predictions into the database, each under the revision that made it, as far as anybody knows."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Self, TypeVar
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_delay,
    wait_random_exponential,
)

from app.core.errors import AppError, BackendAway, NotFound
from app.core.errors.stored import as_stored
from app.core.joining import Joined, apart
from app.core.retrying import retried
from app.core.settings import Settings
from app.db import looks
from app.db.engine import OUTAGES, Database, is_outage, run
from app.db.predictions import claims, explanations, predictions
from app.db.predictions import storing as joint
from app.db.predictions.cache import CachedPrediction
from app.db.predictions.claims import Failure
from app.db.predictions.predictions import ALL, NewPrediction
from app.db.predictions.scope import Scope
from app.db.predictions.storing import Storing
from app.schemas.hosting.deployments import PENDING, InService
from app.services.pipeline import Computed, Outcome
from app.services.predictions.flights import Batch, Wanted, ran_out_of_time

log = structlog.get_logger(__name__)
T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for which what was paid for is tried to be stored."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds: the ceiling of the random wait before the second try, doubled for each one after, and its end."""
STORES, ROWS_AT_ONCE = 2, 256
"""Statements at once that store what concurrent callers have computed, and the most rows of one."""
LONGEST_HOLD = 30.0
"""Most seconds for which a platform's Retry-After keeps a content from being tried."""


@dataclass(frozen=True)
class Found:
    """What became of the claimed contents, and what was noted to be in service before they were sent."""

    batch: Batch
    claimed: Sequence[Wanted]
    outcomes: Sequence[Outcome]
    in_service: InService
    at: float
    """When the outcomes were there, by time.monotonic."""

    @property
    def computed(self) -> list[tuple[Wanted, Computed]]:
        pairs = zip(self.claimed, self.outcomes, strict=True)
        return [(one, outcome) for one, outcome in pairs if isinstance(outcome, Computed)]

    def without(self, stored: Collection[str]) -> Self:
        """What is left once the predictions of some records are stored."""
        pairs = zip(self.claimed, self.outcomes, strict=True)
        left = [(one, outcome) for one, outcome in pairs if one.record_id not in stored]
        return replace(self, claimed=[one for one, _ in left], outcomes=[outcome for _, outcome in left])

    def surprises(self, now: InService) -> bool:
        """Whether a reply told what is not noted to be in service."""
        return any(_is_a_surprise(outcome, now) for _, outcome in self.computed)


@dataclass(frozen=True)
class Stored:
    """What is stored, by record. ``surprises``: a reply told what is not noted to be in service."""

    entries: Mapping[str, CachedPrediction]
    surprises: bool


async def persistently(work: Callable[[], Awaitable[T]]) -> T:
    """Do ``work`` again and again while it fails for a reason that passes, up to PATIENCE."""
    return await retried(work, _passes, _retrying)


def _retrying() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception(_passes),
        wait=wait_random_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
        stop=stop_after_delay(PATIENCE),
        before_sleep=_tell,
        reraise=True,
    )


def _passes(error: BaseException) -> bool:
    return isinstance(error, OUTAGES) and is_outage(error)


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("predictions not stored yet", error=type(error).__name__, attempt=state.attempt_number)


class Store:
    """Predictions in, claims out, errors onto the claims, waiters woken.

    What concurrent callers have to store goes in one statement, and so with one flush of the disk. What that
    leaves out, as there is an older row in its way or a look has changed what its revision is called, goes in
    a transaction of its batch's own, as do failures. Tried again while the database fails for a reason that
    passes.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._together: Joined[Storing, Mapping[str, CachedPrediction]] = Joined(
            self._store,
            goes=STORES,
            most=ROWS_AT_ONCE,
            size=lambda batch: len(batch.rows),
            patience=PATIENCE,
            concerns_all=is_outage,
        )

    async def store(self, found: Found) -> Stored:
        """All that was found, however it takes."""
        scope, lease, epoch = found.batch.scope, found.batch.lease, found.in_service.epoch
        age = monotonic() - found.at
        rows = [
            new_row(*one, found.in_service.epoch, found.in_service, age)
            for one in found.computed
            if one[0].since is None
        ]
        if rows and not scope.explained:
            entries = await persistently(lambda: self._together.ask(Storing(scope, lease, epoch, rows)))
        else:
            entries = {}
        left = found.without(entries)
        if left.claimed:
            rest = await persistently(lambda: run(self._database.transactions, partial(self._finish, left)))
            return Stored({**entries, **rest.entries}, rest.surprises or found.surprises(found.in_service))
        return Stored(entries, found.surprises(found.in_service))

    async def _store(self, batches: Sequence[Storing]) -> Sequence[Mapping[str, CachedPrediction]]:
        return await apart(batches, lambda batch: batch.scope.record_prefix, self._store_alike)

    async def _store_alike(self, batches: Sequence[Storing]) -> Sequence[Mapping[str, CachedPrediction]]:
        direct = self._database.direct
        stored = await joint.store(direct, batches, ttl=self._settings.prediction_ttl)
        if stored.waited_for:
            await self._tell(stored.waited_for)
        return stored.entries

    async def _finish(self, found: Found, session: AsyncSession) -> Stored:
        batch, rows, failures, late = found.batch, [], [], []
        age = monotonic() - found.at  # when the transaction begins, whatever it waits for then
        async with session.begin():
            now = await looks.hold(session, batch.scope.model_version_id)
            if now is None:
                raise NotFound("The model version was deleted meanwhile.")
            for one, outcome in zip(found.claimed, found.outcomes, strict=True):
                if isinstance(outcome, Computed):
                    rows.append(new_row(one, outcome, found.in_service.epoch, now, age))
                elif self._is_ours_alone(outcome, batch):
                    late.append(one.content_hash)
                else:
                    failures.append(_failure(self._settings, one, outcome))
            said = {one.record_id: computed.explanation for one, computed in found.computed}
            ttl = self._settings.prediction_ttl
            entries = await explanations.store(session, batch.scope, rows, said, ttl=ttl)
            done = [*(row.content_hash for row in rows), *late]
            waited_for = await claims.release(session, batch.lease, done) if done else False
            if failures:
                waited_for |= await claims.fail(session, batch.lease, failures)
        if waited_for:
            await self._tell([batch.lease.owner])
        return Stored(entries, found.surprises(now))

    def _is_ours_alone(self, outcome: AppError, batch: Batch) -> bool:
        """Whether a failure is nobody else's: others have their own time, and may call what we do not."""
        ran_out = ran_out_of_time(outcome, batch.deadline, self._settings.predict_timeout)
        return ran_out or isinstance(outcome, BackendAway)

    async def _tell(self, owners: Sequence[UUID]) -> None:
        """Who is not told finds out by itself, a little later."""
        try:
            await joint.notify(self._database.direct, owners)
        except OUTAGES as error:
            log.warning("waiters not told", error=type(error).__name__)


def new_row(one: Wanted, computed: Computed, sent_in: int, now: InService, age: float) -> NewPrediction:
    """What is to be stored ``now`` of what was sent in the epoch ``sent_in``, ``age`` seconds after it was
    there."""
    revision, epoch = computed.revision, None
    if (
        revision is None or now.variants.get(revision, revision) != revision
    ):  # a look knows what it stands for
        # If a look has found something else meanwhile, nobody knows which of both this was.
        is_as_it_was = sent_in == now.epoch
        revision, epoch = now.label(computed.variant) if is_as_it_was else now.unknown, now.epoch
    return NewPrediction(
        one.record_id,
        one.content_hash,
        revision,
        computed.output,
        computed.raw_output,
        computed.latency_ms,
        after=ALL if one.since else 0,
        epoch=epoch,
        variant=computed.variant,
        current=not revision.startswith(PENDING),
        age=age,
        notes=computed.notes,
    )


def _is_a_surprise(computed: Computed, now: InService) -> bool:
    if computed.revision is not None and computed.revision not in now.variants:
        return computed.revision not in now.revisions
    return computed.variant is not None and bool(now.variants) and computed.variant not in now.variants


def _failure(settings: Settings, one: Wanted, error: AppError) -> Failure:
    hold = max(settings.failure_hold, min(error.retry_after or 0, LONGEST_HOLD))
    return Failure(one.content_hash, as_stored(error), hold)


async def adopt(
    settings: Settings, database: Database, scope: Scope, sources: Mapping[str, int], *, newly: bool
) -> dict[str, CachedPrediction]:
    """A row of its own for each record whose answer was computed for another one of the same content.

    ``sources`` are the predictions' ids by record; ``newly``: in place of what the record has from before.
    """

    async def copy(session: AsyncSession) -> dict[str, CachedPrediction]:
        async with session.begin():
            await looks.hold(
                session, scope.model_version_id
            )  # a look that disowns the source waits, or did so
            rows = await predictions.copies(session, sources, newly=newly)
            return await explanations.copy(session, scope, rows, sources, ttl=settings.prediction_ttl)

    return await persistently(lambda: run(database.transactions, copy))
