"""From judged records to the metrics of every group: all of them, each slice, each bucket of time."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from app.core.errors import AppError, BadOutput, InvalidInput, UserCodeError
from app.db.evaluations import Metric
from app.schemas.evaluations import Bucket
from app.schemas.judged import Judged, TruthValue
from app.services import evaluation, intervals, metrics
from app.services.metrics import Sample, Undefined

SMALL = 30
"""Groups with fewer records are marked: one outlier may decide them."""

BUCKETS: dict[Bucket, Callable[[datetime], str]] = {
    "day": lambda at: at.strftime("%Y-%m-%d"),
    "week": lambda at: at.strftime("%G-W%V"),
    "month": lambda at: at.strftime("%Y-%m"),
}


@dataclass(frozen=True)
class Case:
    """A record's truth and prediction, and the groups it belongs to."""

    truth: JsonValue
    output: JsonValue
    groups: Sequence[str]
    bucket: str


def judge(output: JsonValue) -> Judged:
    """The prediction as the user's code reads it; BadOutput or UserCodeError where it cannot."""
    try:
        return evaluation.judge(output)
    except AppError:
        raise
    except ValueError as error:
        raise BadOutput(f"evaluation.judge cannot read a prediction: {error}") from error
    except Exception as error:
        raise UserCodeError(f"evaluation.judge raised {type(error).__name__}.") from error


def sample(cases: Sequence[Case]) -> Sample:
    """The cases as the metrics take them."""
    truths = [_truth(case.truth) for case in cases]
    return Sample(truths, [judge(case.output) for case in cases], _positive(truths))


def groups(cases: Sequence[Case]) -> dict[tuple[str, str], list[Case]]:
    """The cases by (slice, bucket), both empty for all of them, which are there even if there are none."""
    found: dict[tuple[str, str], list[Case]] = defaultdict(list)
    found["", ""] = list(cases)
    for case in cases:
        if case.bucket:
            found["", case.bucket].append(case)
        for name in case.groups:
            found[name, ""].append(case)
    return dict(sorted(found.items()))


def judge_all(cases: Sequence[Case], names: Sequence[str]) -> list[Metric]:
    """Every metric of every group."""
    found: list[Metric] = []
    for key, members in groups(cases).items():
        judged = sample(members)
        found += [_metric(name, key, judged) for name in names]
    return found


def _metric(name: str, key: tuple[str, str], members: Sample) -> Metric:
    value = reason = spread = None
    try:
        value = metrics.value(name, evaluation.TASK, members)
        if name in evaluation.HEADLINE:
            spread = intervals.interval(name, evaluation.TASK, members)
    except Undefined as error:
        reason = str(error)
    return Metric(
        name,
        *key,
        value=value,
        reason=reason,
        low=spread.low if spread else None,
        high=spread.high if spread else None,
        n=members.n,
        small=members.n < SMALL,
    )


def _truth(value: JsonValue) -> TruthValue:
    if isinstance(value, str | int | float):
        return value
    raise InvalidInput("A truth must be a number, a text, true or false to be judged.")


def _positive(truths: Sequence[TruthValue]) -> TruthValue:
    if evaluation.POSITIVE is not None:
        return evaluation.POSITIVE
    if evaluation.TASK == "binary" and (strange := {truth for truth in truths if truth not in (0, 1)}):
        named = ", ".join(sorted(map(repr, strange))[:5])
        raise InvalidInput(
            f"Which class is positive? The truths hold {named}: set POSITIVE in evaluation.py."
        )
    return True
