"""What was answered and what that saved, out of the ledger; and what there is now."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Forbidden
from app.db.engine import Sessions
from app.db.ledger import now, prices, reading
from app.db.ledger.reading import AnswersOfStep
from app.db.queue import lives, waiting
from app.schemas.access.callers import CURRENT
from app.schemas.overview.overview import (
    WINDOWS,
    AnswerCounts,
    CauseCount,
    InferenceCounts,
    LiveVersion,
    Overview,
    OverviewStep,
    OverviewWindow,
    Savings,
    Steps,
    WaitingWork,
)
from app.services.overview.percentiles import percentiles
from app.services.overview.savings import Prices, Reckoning, without_calls
from app.services.tallies import AnswerNotes

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def overview(sessions: Sessions, notes: AnswerNotes, *, window: OverviewWindow) -> Overview:
    """Of the window up to now: all that this process has answered, and of others all but their last seconds.

    Forbidden to who is bound to a prefix: what is counted is of all records. Who is bound to models is told
    of theirs.
    """
    if CURRENT.get().record_prefix:
        raise Forbidden("The overview is told to a key that is bound to no records: it is of all of them.")
    await notes.note_soon()
    async with sessions() as session:
        until = await now.moment(session)
        since = _since(until, WINDOWS[window])
        return await _overview(session, window, since, until)


def _since(until: datetime, steps: Steps) -> datetime:
    """When the first step began; steps begin at full minutes, hours and days of UTC."""
    begun = (until - EPOCH) // steps.length
    return EPOCH + (begun - steps.number + 1) * steps.length


async def _overview(
    session: AsyncSession, window: OverviewWindow, since: datetime, until: datetime
) -> Overview:
    told = await reading.answers(session, since, WINDOWS[window].length)
    waited_for = [one for one in told if one.waited_for]
    asked = _counts(waited_for)
    return Overview(
        window=window,
        answered_since=since,
        answered_until=until,
        step_seconds=int(WINDOWS[window].length.total_seconds()),
        answers=_counts(told),
        asked=asked,
        hit_rate=_hit_rate(asked),
        hit_latency=percentiles(_histogram(waited_for, "hit")),
        miss_latency=percentiles(_histogram(waited_for, "miss")),
        errors=_causes(told),
        inferences=await _inferences(session, since),
        savings=await _savings(session, since),
        live_versions=await _live_versions(session),
        queue=await _queue(session),
        workers=await lives.count(session),
        steps=_steps(told, since, until, WINDOWS[window]),
    )


def _counts(told: Iterable[AnswersOfStep]) -> AnswerCounts:
    counts: Counter[str] = Counter()
    for one in told:
        counts[one.outcome] += one.answers
    return AnswerCounts(**{name: counts[name] for name in AnswerCounts.model_fields})


def _hit_rate(counts: AnswerCounts) -> float | None:
    good = counts.hit + counts.miss + counts.coalesced + counts.stale
    return counts.hit / good if good else None


def _histogram(told: Iterable[AnswersOfStep], outcome: str) -> Counter[float]:
    histogram: Counter[float] = Counter()
    for one in told:
        if one.outcome == outcome:
            histogram[one.upto] += one.answers
    return histogram


def _causes(told: Iterable[AnswersOfStep]) -> list[CauseCount]:
    causes: Counter[str] = Counter()
    for one in told:
        if one.outcome == "error":
            causes[one.cause] += one.answers
    return [CauseCount(cause=cause, answers=answers) for cause, answers in causes.most_common()]


def _steps(
    told: Sequence[AnswersOfStep], since: datetime, until: datetime, steps: Steps
) -> list[OverviewStep]:
    """Each step of the window, also those in which nothing was told."""
    of_step: defaultdict[datetime, list[AnswersOfStep]] = defaultdict(list)
    for one in told:
        of_step[one.begun.astimezone(UTC)].append(one)
    begun = (since + number * steps.length for number in range(steps.number))
    return [_step(at, of_step[at]) for at in begun if at <= until]


def _step(at: datetime, told: Sequence[AnswersOfStep]) -> OverviewStep:
    waited_for = [one for one in told if one.waited_for]
    return OverviewStep(
        at=at,
        answers=_counts(told),
        hit_latency=percentiles(_histogram(waited_for, "hit")),
        miss_latency=percentiles(_histogram(waited_for, "miss")),
        errors=_causes(told),
    )


async def _inferences(session: AsyncSession, since: datetime) -> InferenceCounts:
    found = await reading.platform(session, since)
    return InferenceCounts(
        rows=sum(one.rows for one in found),
        calls=sum(one.calls for one in found),
        copies=sum(one.copies for one in found),
        latency=percentiles({one.upto: one.rows for one in found}),
    )


async def _savings(session: AsyncSession, since: datetime) -> Savings:
    in_force = Prices(await prices.every(session), since)
    used = await reading.used(session, since, in_force.moments)
    versions = {one.version_id: one for one in await now.versions(session)}
    lacking = without_calls(used)
    usual = {one.version_id: one for one in await reading.ever(session, lacking)} if lacking else {}
    reckoning = Reckoning(in_force, versions, usual)
    for one in used:
        if one.version_id in versions:  # it may have been deleted, or registered, between two queries
            reckoning.add(one)
    return reckoning.result()


async def _live_versions(session: AsyncSession) -> list[LiveVersion]:
    return [
        LiveVersion(
            model=model,
            version=row.version,
            backend=row.backend,
            revision=row.revision,
            live_since=since,
        )
        for model, row, since in await now.live_versions(session)
    ]


async def _queue(session: AsyncSession) -> list[WaitingWork]:
    found = await waiting.count(session)
    return [WaitingWork(kind=one.kind, waiting=one.number, oldest=one.since) for one in found]
