"""Computed predictions into the database, each under the revision that made it, as far as anybody knows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_delay,
    wait_random_exponential,
)

from app.core.errors import AppError, NotFound, as_stored
from app.core.settings import Settings
from app.db import looks
from app.db.engine import OUTAGES, Database, Sessions, is_outage, run
from app.db.predictions import claims, predictions
from app.db.predictions.cache import CachedPrediction, Scope
from app.db.predictions.claims import Failure
from app.db.predictions.predictions import ALL, NewPrediction
from app.schemas.hosting.deployments import PENDING, InService
from app.services.pipeline import Computed, Outcome
from app.services.predictions.flights import Batch, Wanted, ran_out_of_time

log = structlog.get_logger(__name__)
T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for which what was paid for is tried to be stored."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds: the ceiling of the random wait before the second try, doubled for each one after, and its end."""
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


@dataclass(frozen=True)
class Stored:
    """What is stored, by record. ``surprises``: a reply told what is not noted to be in service."""

    entries: Mapping[str, CachedPrediction]
    surprises: bool


async def store(settings: Settings, database: Database, found: Found) -> Stored:
    """Predictions in, claims out, errors onto the claims, waiters woken: all of it or nothing.

    Tried again while the database fails for a reason that passes.
    """
    return await persistently(database.transactions, lambda session: _finish(session, settings, found))


async def persistently(sessions: Sessions, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do ``work`` in a session, again and again while it fails for a reason that passes, up to PATIENCE."""
    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, OUTAGES) and is_outage(error)),
        wait=wait_random_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
        stop=stop_after_delay(PATIENCE),
        before_sleep=_tell,
        reraise=True,
    )
    return await retrying(run, sessions, work)


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("predictions not stored yet", error=type(error).__name__, attempt=state.attempt_number)


async def _finish(session: AsyncSession, settings: Settings, found: Found) -> Stored:
    batch, rows, failures, late = found.batch, [], [], []
    async with session.begin():
        now = await looks.hold(session, batch.scope.model_version_id)
        if now is None:
            raise NotFound("The model version was deleted meanwhile.")
        for one, outcome in zip(found.claimed, found.outcomes, strict=True):
            if isinstance(outcome, Computed):
                rows.append(_row(one, outcome, found, now))
            elif ran_out_of_time(outcome, batch.deadline, settings.predict_timeout):  # others have theirs
                late.append(one.content_hash)
            else:
                failures.append(_failure(settings, one, outcome))
        entries = await predictions.store(session, batch.scope, rows, ttl=settings.prediction_ttl)
        await claims.release(session, batch.lease, [*(row.content_hash for row in rows), *late])
        await claims.fail(session, batch.lease, failures)
        await claims.notify(session, batch.lease)
    computed = [outcome for outcome in found.outcomes if isinstance(outcome, Computed)]
    return Stored(entries, any(_is_a_surprise(one, now) for one in computed))


def _row(one: Wanted, computed: Computed, found: Found, now: InService) -> NewPrediction:
    revision, epoch = computed.revision, None
    if (
        revision is None or now.variants.get(revision, revision) != revision
    ):  # a look knows what it stands for
        # If a look has found something else meanwhile, nobody knows which of both this was.
        is_as_it_was = found.in_service.epoch == now.epoch
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
        age=monotonic() - found.at,
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
            return await predictions.store(session, scope, rows, ttl=settings.prediction_ttl)

    return await persistently(database.transactions, copy)
