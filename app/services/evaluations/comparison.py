"""Whether one run's predictions are better than another's, on the records that both judged."""

from collections.abc import Collection, Sequence

from app.core.errors import Conflict, FieldError, InvalidInput
from app.db.engine import Sessions
from app.db.evaluations import runs as rows
from app.db.evaluations.runs import SharedRecord
from app.schemas.evaluations.runs import ComparedMetric, Comparison, Evaluation
from app.schemas.judged import METRICS
from app.services.evaluations import runs
from app.services.failures.user_code import aside
from app.services.records import filters
from app.services.use_case import UseCase


async def compare(
    sessions: Sessions,
    use_case: UseCase,
    a: int,
    b: int,
    *,
    metrics: Sequence[str] = (),
    slices: Sequence[str] = (),
    whole: bool = False,
) -> Comparison:
    """Whether run b is better than run a, per metric and group that both were asked for.

    ``metrics`` and ``slices`` narrow that; a slice is named (``plan``), or a group of it (``plan=basic``).
    ``whole``: only all records in the whole window, no slice and no bucket, in a fraction of the time.
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
    wanted = None if whole else {group for group in groups if not slices or _is_of(group, slices)}
    chosen = list(dict.fromkeys(metrics)) or names
    judged, compared = await aside(_compare, use_case, shared, wanted, chosen)
    return Comparison(a=a, b=b, shared=judged, metrics=compared)


def _compare(
    use_case: UseCase, shared: Sequence[SharedRecord], groups: Collection[str] | None, names: Sequence[str]
) -> tuple[int, list[ComparedMetric]]:
    from app.services.evaluations import comparing  # it needs numpy; here no other request waits for that

    return comparing.compare(use_case, shared, groups, names)


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
