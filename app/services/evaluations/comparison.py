"""Whether one run's predictions are better than another's, on the records that both judged."""

import asyncio
from collections.abc import Container, Sequence
from dataclasses import replace

from pydantic import JsonValue
from sqlalchemy import Row

from app.core.errors import AppError, Conflict, FieldError, InvalidInput
from app.db.engine import Sessions
from app.db.evaluations import runs as rows
from app.schemas.evaluations.runs import ComparedMetric, Comparison, Evaluation
from app.services.evaluations import judging, runs
from app.services.evaluations.judging import Case
from app.services.evaluations.statistics import intervals, rounding
from app.services.evaluations.statistics.intervals import Difference
from app.services.evaluations.statistics.metrics import METRICS
from app.services.evaluations.statistics.samples import Sample
from app.services.records import filters
from app.services.use_case import UseCase

NO_INTERVAL = "too few records for an interval of the difference"


async def compare(
    sessions: Sessions,
    use_case: UseCase,
    a: int,
    b: int,
    *,
    metrics: Sequence[str] = (),
    slices: Sequence[str] = (),
) -> Comparison:
    """Whether run b is better than run a, per metric and group that both were asked for.

    ``metrics`` and ``slices`` narrow that; a slice is named (``plan``), or a group of it (``plan=basic``).
    InvalidInput names what the runs do not have in common, Conflict a run that has nothing to compare.
    """
    before, after = [(await _comparable(sessions, one)).request for one in (a, b)]
    names = _measured_by_both(use_case, before.metrics, after.metrics)
    if not names:
        raise Conflict(f"The evaluations {a} and {b} have no metric in common.")
    async with sessions() as session:
        shared = await rows.shared(session, a, b)
    sliced_by = _in_both(before.slices, after.slices)
    groups = {group for row in shared for group in row[3] if _is_of(group, sliced_by)}
    slice_names = use_case.slices if sliced_by is None else sliced_by
    _require(
        filters.unknown("metric", metrics, names) + filters.unknown("slice", slices, {*slice_names, *groups})
    )
    wanted = {group for group in groups if not slices or _is_of(group, slices)}
    pairs = await asyncio.to_thread(_judgeable, use_case, [_pair(row, wanted) for row in shared])
    compared = await asyncio.to_thread(compare_cases, use_case, pairs, list(dict.fromkeys(metrics)) or names)
    return Comparison(a=a, b=b, shared=len(pairs), metrics=compared)


async def _comparable(sessions: Sessions, evaluation_id: int) -> Evaluation:
    found = await runs.get(sessions, evaluation_id)
    if found.state != "done":
        raise Conflict(
            f"The evaluation {evaluation_id} is {found.state}: only finished ones can be compared."
        )
    if found.kind != "quality":
        raise Conflict(
            f"The evaluation {evaluation_id} is of the kind {found.kind}: it judged no single records."
        )
    return found


def _measured_by_both(
    use_case: UseCase, before: Sequence[str] | None, after: Sequence[str] | None
) -> Sequence[str]:
    """The metrics that both runs were asked for, None being those of evaluation.py, and that there are."""
    names = _in_both(before or use_case.metrics, after or use_case.metrics) or ()
    return [name for name in names if name in METRICS[use_case.task]]


def _in_both(before: Sequence[str] | None, after: Sequence[str] | None) -> Sequence[str] | None:
    """The names in both; None: any."""
    if before is None or after is None:
        return after if before is None else before
    return [name for name in before if name in after]


def _is_of(group: str, wanted: Sequence[str] | None) -> bool:
    """Whether a group is one of those wanted, or of a slice that is; None: any."""
    return wanted is None or any(group == one or group.startswith(f"{one}=") for one in wanted)


def _require(faults: Sequence[FieldError]) -> None:
    if faults:
        raise InvalidInput("The two evaluations do not have that in common.", errors=faults)


def _pair(
    row: Row[JsonValue, JsonValue, JsonValue, list[str], str], wanted: Container[str]
) -> tuple[Case, Case]:
    truth, before, after, groups, bucket = row
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
