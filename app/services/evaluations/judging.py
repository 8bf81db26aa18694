"""From judged records to the metrics of every group: all of them, each slice, each bucket of time."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from app.core.errors import AppError
from app.db.evaluations.runs import Metric
from app.schemas.evaluations.runs import Bucket
from app.schemas.judged import SMALL, Judged, Task
from app.services.evaluations.statistics import intervals, metrics, samples
from app.services.evaluations.statistics.samples import Sample, Undefined
from app.services.use_case import UseCase

BUCKETS: dict[Bucket, Callable[[datetime], str]] = {
    "day": lambda at: at.date().isoformat(),
    "week": lambda at: "{:04}-W{:02}".format(*at.isocalendar()[:2]),
    "month": lambda at: at.date().isoformat()[:7],
}
"""Years have four digits, which strftime does not give them everywhere, so that buckets sort as text."""


def bucket_of(bucket: Bucket | None, at: datetime | None) -> str:
    """The day, week or month of a moment, in UTC; empty where there are no buckets."""
    return BUCKETS[bucket](at.astimezone(UTC)) if bucket and at else ""


@dataclass(frozen=True)
class Case:
    """A record's truth and prediction, and the groups it belongs to."""

    truth: JsonValue
    output: JsonValue
    groups: Sequence[str]
    bucket: str
    made_by: str = ""
    """The revision that made the prediction."""


def sample(use_case: UseCase, cases: Sequence[Case]) -> Sample:
    """The cases as the metrics take them."""
    truths, judged = [case.truth for case in cases], [use_case.judged(case.output) for case in cases]
    return samples.read(use_case.task, truths, judged, positive=use_case.positive)


def faults(use_case: UseCase, cases: Sequence[Case]) -> dict[int, AppError]:
    """Why cases cannot be judged, by their places: a prediction that is null, a text, or no probability.

    What is wrong with all of them, such as a POSITIVE that is missing, is raised.
    """
    found, read = dict[int, AppError](), dict[int, Judged]()
    for place, case in enumerate(cases):
        try:
            read[place] = use_case.judged(case.output)
        except AppError as error:
            found[place] = error
    truths, judged = [cases[place].truth for place in read], [*read.values()]
    try:
        samples.read(use_case.task, truths, judged, positive=use_case.positive)
    except AppError:
        among = samples.faults(use_case.task, truths, judged, positive=use_case.positive)
        if among is None:
            raise
        places = [*read]
        found |= {places[index]: error for index, error in among.items()}
    return found


def groups(cases: Sequence[Case]) -> dict[tuple[str, str], NDArray[np.int64]]:
    """The places of the cases by (slice, bucket), both empty for all cases; that group is always there."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    found["", ""] = list(range(len(cases)))
    for place, case in enumerate(cases):
        if case.bucket:
            found["", case.bucket].append(place)
        for name in case.groups:
            found[name, ""].append(place)
    return {key: np.asarray(places, dtype=np.int64) for key, places in sorted(found.items())}


def judge_all(use_case: UseCase, cases: Sequence[Case], names: Sequence[str]) -> list[Metric]:
    """Every metric of every group."""
    everything = sample(use_case, cases)
    return [
        metric
        for key, places in groups(cases).items()
        for metric in _metrics(use_case, names, key, everything.take(places))
    ]


def _metrics(use_case: UseCase, names: Sequence[str], key: tuple[str, str], members: Sample) -> list[Metric]:
    values, reasons = values_of(use_case.task, names, members)
    headline = [name for name in values if name in use_case.headline]
    spreads = intervals.of(headline, use_case.task, members)
    return [
        Metric(
            name,
            *key,
            value=values.get(name),
            reason=reasons.get(name),
            low=spreads[name].low if name in spreads else None,
            high=spreads[name].high if name in spreads else None,
            n=members.n,
            small=members.n < SMALL,
        )
        for name in names
    ]


def values_of(task: Task, names: Sequence[str], members: Sample) -> tuple[dict[str, float], dict[str, str]]:
    """The metrics that are defined, and why the others are not, by name."""
    values, reasons = {}, {}
    for name in names:
        try:
            values[name] = metrics.value(name, task, members)
        except Undefined as error:
            reasons[name] = str(error)
    return values, reasons
