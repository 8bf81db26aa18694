"""Two runs beside each other: all metrics of all records, and one metric group by group."""

from typing import NamedTuple

from app.db.engine import Sessions
from app.schemas.evaluations.directions import DIRECTIONS
from app.schemas.evaluations.runs import ComparedMetric, Comparison, Run
from app.services.evaluations import comparison, runs
from app.services.evaluations.verdicts import by_versions, sentence
from app.services.use_case import UseCase


class SideBySide(NamedTuple):
    """``whole`` has every metric that both have, ``groups`` one metric by bucket and slice."""

    a: Run
    b: Run
    whole: Comparison
    metric: str
    groups: list[ComparedMetric]
    sentence: str


async def of_runs(
    sessions: Sessions, use_case: UseCase, a: int, b: int, *, metric: str | None = None
) -> SideBySide:
    """Run b beside run a; ``metric`` is looked at group by group, by default the first headline. Errors are
    those of ``comparison.compare``."""
    whole = await comparison.compare(sessions, use_case, a, b, whole=True)
    there = [one.metric for one in whole.metrics]
    shown = metric or next((name for name in (*use_case.headline, *DIRECTIONS) if name in there), there[0])
    groups = await comparison.compare(sessions, use_case, a, b, metrics=[shown])
    before, after = [await runs.about(sessions, one) for one in (a, b)]
    return SideBySide(
        a=before,
        b=after,
        whole=whole,
        metric=shown,
        groups=[one for one in groups.metrics if one.slice or one.bucket],
        sentence=sentence.of(whole.metrics, _name(before, after)),
    )


def _name(a: Run, b: Run) -> str:
    """What tells the second from the first."""
    return f"run {b.id}" if (a.model, a.version) == (b.model, b.version) else f"version {b.version}"


async def of_versions(
    sessions: Sessions, use_case: UseCase, model: str, a: str, b: str, *, metric: str | None = None
) -> SideBySide:
    """Version b of a model beside version a, by their newest runs on the same window. Errors are those of
    ``by_versions.compare``, too."""
    by_versions.require_two(a, b)
    before, after = await by_versions.newest_runs(sessions, use_case, model, a, b)
    return await of_runs(sessions, use_case, before, after, metric=metric)
