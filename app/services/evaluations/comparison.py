"""Whether one run's predictions are better than another's, on the records that both judged."""

import asyncio
from collections.abc import Sequence

from app.core.errors import Conflict
from app.db.engine import Sessions
from app.db.evaluations import runs as rows
from app.schemas.evaluations.runs import ComparedMetric, Comparison
from app.services.evaluations import judging, runs
from app.services.evaluations.judging import Case
from app.services.evaluations.statistics import intervals
from app.services.evaluations.statistics.intervals import Difference
from app.services.evaluations.statistics.samples import Sample
from app.services.use_case import UseCase

NO_INTERVAL = "too few records for an interval of the difference"


async def compare(sessions: Sessions, use_case: UseCase, a: int, b: int) -> Comparison:
    """Whether run b is better than run a, per metric and group; Conflict if one has nothing to compare."""
    for one in (a, b):
        found = await runs.get(sessions, one)
        if found.state != "done":
            raise Conflict(f"The evaluation {one} is {found.state}: only finished ones can be compared.")
        if found.kind != "quality":
            raise Conflict(f"The evaluation {one} is of the kind {found.kind}: it judged no single records.")
    async with sessions() as session:
        shared = await rows.shared(session, a, b)
    before = [Case(row[0], row[1], row[3], row[4]) for row in shared]
    after = [Case(row[0], row[2], row[3], row[4]) for row in shared]
    compared = await asyncio.to_thread(compare_cases, use_case, before, after)
    return Comparison(a=a, b=b, shared=len(shared), metrics=compared)


def compare_cases(use_case: UseCase, before: Sequence[Case], after: Sequence[Case]) -> list[ComparedMetric]:
    """Every metric of every group; the cases are of the same records in the same order."""
    a, b = judging.sample(use_case, before), judging.sample(use_case, after)
    return [
        metric
        for key, places in judging.groups(after).items()
        for metric in _compare_group(use_case, key, a.take(places), b.take(places))
    ]


def _compare_group(use_case: UseCase, key: tuple[str, str], a: Sample, b: Sample) -> list[ComparedMetric]:
    (values_a, reasons_a), (values_b, reasons_b) = (
        judging.values_of(use_case.task, use_case.metrics, one) for one in (a, b)
    )
    both = [name for name in values_a if name in values_b]
    found = intervals.differences(both, use_case.task, a, b)
    reasons = dict.fromkeys(both, NO_INTERVAL) | reasons_b | reasons_a
    return [
        _compared(name, key, a.n, values_a.get(name), values_b.get(name), found.get(name) or reasons[name])
        for name in use_case.metrics
    ]


def _compared(
    name: str, key: tuple[str, str], n: int, a: float | None, b: float | None, found: Difference | str
) -> ComparedMetric:
    """``found`` is the difference, or the reason why there is none."""
    compared = ComparedMetric(
        metric=name,
        slice=key[0],
        bucket=key[1],
        n=n,
        a=a,
        b=b,
        difference=None,
        low=None,
        high=None,
        verdict="undecided",
        reason=None,
    )
    if isinstance(found, str):
        compared.reason = found
    else:
        compared.difference, compared.verdict = found.value, found.verdict
        compared.low, compared.high = found.interval.low, found.interval.high
    return compared
