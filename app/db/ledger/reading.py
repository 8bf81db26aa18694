"""What the ledger has of a window, as far as the caller may know of it.

All of it is read by ``grain`` and ``at``, of tallies alone: no prediction is looked at, however many there
are.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import DateTime, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Interval, Text

from app.db.tenants import known

KNOWN = """
    (cast(:models as text[]) is null or model_version_id in (
        select version.id from model_versions version join models on models.id = version.model_id
        where models.name = any(cast(:models as text[]))))
"""
IN_WINDOW = f"grain = any('{{0,1,2,3}}'::smallint[]) and at >= :since and {KNOWN}"
FROM_CACHE = "('hit', 'coalesced', 'stale')"
"""Outcomes of answers that no inference was paid for."""


def _query(statement: str) -> TextClause:
    named = text(statement).bindparams(
        bindparam("models", type_=ARRAY(Text())), bindparam("since", type_=DateTime(timezone=True))
    )
    if ":step" in statement:
        return named.bindparams(bindparam("step", type_=Interval(native=True)))
    if ":moments" in statement:
        return named.bindparams(bindparam("moments", type_=ARRAY(DateTime(timezone=True))))
    return named


class AnswersOfStep(NamedTuple):
    """Answers of a step of the window that are alike; ``upto`` in seconds.

    ``waited_for``: by a caller, of a request or a batch; not by a worker.
    """

    begun: datetime
    waited_for: bool
    outcome: str
    cause: str
    upto: float
    answers: int


_ANSWERS = _query(f"""
    select date_bin(:step, at, :since), origin in ('request', 'batch'), outcome, cause, upto,
           cast(sum(answers) as bigint)
    from answer_tallies where {IN_WINDOW} group by 1, 2, 3, 4, 5
""")


async def answers(session: AsyncSession, since: datetime, step: timedelta) -> Sequence[AnswersOfStep]:
    """All that was told since then, by steps of so long."""
    values = {"since": since, "step": step, "models": known.models()}
    return [*map(AnswersOfStep._make, (await session.execute(_ANSWERS, values)).all())]


class Platform(NamedTuple):
    """Rows that platforms answered, and copies made of them; ``upto`` in seconds is of their calls."""

    upto: float
    rows: int
    copies: int
    calls: int


_PLATFORM = _query(f"""
    select upto, cast(sum(rows) as bigint), cast(sum(copies) as bigint), cast(sum(calls) as bigint)
    from inference_tallies where {IN_WINDOW} group by upto
""")


async def platform(session: AsyncSession, since: datetime) -> Sequence[Platform]:
    """All that was inferred since then, by how long it took."""
    values = {"since": since, "models": known.models()}
    return [*map(Platform._make, (await session.execute(_PLATFORM, values)).all())]


class Used(NamedTuple):
    """What one version did between two changes of prices, the ``period``, from 0.

    ``answers`` came from the cache. ``rows`` were inferred, by ``calls`` that took ``call_seconds``.
    """

    version_id: int
    period: int
    answers: int
    rows: int
    calls: int
    call_seconds: float


_USED = _query(f"""
    select model_version_id, period, cast(coalesce(sum(answers), 0) as bigint),
           cast(coalesce(sum(rows), 0) as bigint), cast(coalesce(sum(calls), 0) as bigint),
           coalesce(sum(call_seconds), 0)
    from (
        select model_version_id, width_bucket(at, cast(:moments as timestamptz[])) as period,
               sum(answers) as answers, null as rows, null as calls, null as call_seconds
        from answer_tallies
        where {IN_WINDOW} and outcome in {FROM_CACHE} and model_version_id is not null group by 1, 2
        union all
        select model_version_id, width_bucket(at, cast(:moments as timestamptz[])),
               null, sum(rows), sum(calls), sum(call_seconds)
        from inference_tallies where {IN_WINDOW} group by 1, 2
    ) as both_tallies
    group by 1, 2 order by 1, 2
""")


async def used(session: AsyncSession, since: datetime, moments: Sequence[datetime]) -> Sequence[Used]:
    """What each version did since then, apart by the moments, which come in order."""
    # Of no array the moments are of no type: one that is never reached tells it.
    values = {"since": since, "moments": [*moments] or [LAST], "models": known.models()}
    return [*map(Used._make, (await session.execute(_USED, values)).all())]


LAST = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
_EVER = text("""
    select model_version_id, 0, 0, cast(sum(rows) as bigint), cast(sum(calls) as bigint), sum(call_seconds)
    from inference_tallies where model_version_id = any(cast(:version_ids as bigint[])) group by 1
""")


async def ever(session: AsyncSession, version_ids: Sequence[int]) -> Sequence[Used]:
    """What was inferred with these versions since there is a ledger."""
    found = await session.execute(_EVER, {"version_ids": [*version_ids]})
    return [*map(Used._make, found.all())]
