"""The metrics of two runs beside each other, on the records that both judged."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from app.core.errors import AppError
from app.db.evaluations.runs import SharedRecord
from app.schemas.evaluations.runs import ComparedMetric
from app.services.evaluations import judging
from app.services.evaluations.judging import Case
from app.services.evaluations.statistics import intervals, rounding
from app.services.evaluations.statistics.intervals import Difference
from app.services.evaluations.statistics.samples import Sample
from app.services.use_case import UseCase

NO_INTERVAL = "too few records for an interval of the difference"


def compare(
    use_case: UseCase, shared: Sequence[SharedRecord], groups: Collection[str] | None, names: Sequence[str]
) -> tuple[int, list[ComparedMetric]]:
    """How many records can be judged now, and these metrics of them; raises why none can be. ``groups`` are
    those that are looked at beside all records and the buckets; None: neither them nor the buckets."""
    pairs = _judgeable(use_case, [_pair(row, groups) for row in shared])
    return len(pairs), compare_cases(use_case, pairs, names)


def _pair(row: SharedRecord, wanted: Collection[str] | None) -> tuple[Case, Case]:
    truth, before, after, groups, bucket = row
    if wanted is None:
        return Case(truth, before, (), ""), Case(truth, after, (), "")
    kept = [group for group in groups if group in wanted]
    return Case(truth, before, kept, bucket), Case(truth, after, kept, bucket)


def _judgeable(use_case: UseCase, pairs: Sequence[tuple[Case, Case]]) -> list[tuple[Case, Case]]:
    """Those of which both can be judged by the present evaluation.py; raises why none can."""
    faults = dict[int, AppError]()
    for run in (0, 1):
        faults |= judging.faults(use_case, [pair[run] for pair in pairs])
    if faults and len(faults) == len(pairs):
        raise faults[0]
    return [pair for place, pair in enumerate(pairs) if place not in faults]


def compare_cases(
    use_case: UseCase, pairs: Sequence[tuple[Case, Case]], names: Sequence[str]
) -> list[ComparedMetric]:
    """These metrics of every group; a pair is one record's, as the one run judged it and as the other did."""
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    a, b = judging.sample(use_case, before), judging.sample(use_case, after)
    alike = rounding.alike(use_case.task, a, b)
    return [
        metric
        for key, places in judging.groups(after).items()
        for metric in _compare_group(
            use_case, names, key, a.take(places), b.take(places), same=bool(alike[places].all())
        )
    ]


def _compare_group(
    use_case: UseCase, names: Sequence[str], key: tuple[str, str], a: Sample, b: Sample, *, same: bool
) -> list[ComparedMetric]:
    """``same``: both predict the same but for rounding, whatever that does to a metric."""
    (values_a, reasons_a), (values_b, reasons_b) = (
        judging.values_of(use_case.task, names, one) for one in (a, b)
    )
    both = [name for name in values_a if name in values_b]
    found = intervals.differences(both, use_case.task, a, b)
    if same:
        found = {name: replace(one, verdict="same") for name, one in found.items()}
    reasons = dict.fromkeys(both, NO_INTERVAL) | reasons_b | reasons_a
    return [
        _compared(name, key, a.n, values_a.get(name), values_b.get(name), found.get(name) or reasons[name])
        for name in names
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
