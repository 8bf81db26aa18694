"""The metrics by their names, in the families that prometheus_client writes out."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from platform import python_version
from typing import Final, TypeVar

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.utils import floatToGoString

from app.core.signals.histogram import Histogram
from app.core.signals.totals import Totals
from app.services.signals import gauges
from app.services.signals.database import DatabaseSignals

PREFIX: Final = "sagemaker_fastapi_"
VERSION: Final = ("model", "version")
OF_GAUGES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    gauges.PROCESSES: ("Processes that answer here.", ()),
    gauges.BREAKERS: (
        "Processes that leave the platform of a version alone for now, since it fails.",
        VERSION,
    ),
    gauges.POOL_SIZE: ("Connections to the database that processes may hold, by pool.", ("pool",)),
    gauges.POOL_USED: ("Those that are in use.", ("pool",)),
    gauges.POOL_WAITING: ("Callers that wait for one.", ("pool",)),
}
"""What each means, and its labels."""
KeyT = TypeVar("KeyT")


def families(totals: Totals, database: DatabaseSignals | None, *, code: str) -> Iterator[Metric]:
    """All metrics. ``database`` is None where others tell of it; ``code`` is the version of the pipeline.

    Nothing is told of a version that was removed.
    """
    known = None if database is None else database.versions
    yield InfoMetricFamily(
        f"{PREFIX}build", "What runs.", {"python": python_version(), "pipeline_version": code}
    )
    yield _requests(totals)
    yield from _answers(totals, known)
    yield from _calls(totals, known)
    yield from _gauges(totals, known)
    if database is not None:
        yield from _of_the_database(database)


def _is_known(model: str, version: str, known: frozenset[tuple[str, str]] | None) -> bool:
    return not model or known is None or (model, version) in known


def _requests(totals: Totals) -> Metric:
    what = "Requests by the template of their route, empty where there is none, until they were answered."
    family = _histogram("http_request_duration_seconds", what, ("route", "method", "status"))
    for key, one in totals.requests.items():
        _add(family, key, one)
    return family


def _answers(totals: Totals, known: frozenset[tuple[str, str]] | None) -> Iterator[Metric]:
    what = "Predictions told to callers, or why there were none."
    count = CounterMetricFamily(f"{PREFIX}predictions", what, labels=(*VERSION, "origin", "outcome", "cause"))
    waits: dict[tuple[str, ...], Histogram] = {}
    for key, one in totals.answers.items():
        if _is_known(key.model, key.version, known):
            count.add_metric(key, one.count)
            waits.setdefault(key[:4], Histogram()).add(one)
    family = _histogram(
        "prediction_duration_seconds", "Until they were told.", (*VERSION, "origin", "outcome")
    )
    for wait, one in waits.items():
        _add(family, wait, one)
    yield count
    yield family


def _calls(totals: Totals, known: frozenset[tuple[str, str]] | None) -> Iterator[Metric]:
    seconds = _histogram(
        "platform_call_duration_seconds", "Calls to hosting platforms.", (*VERSION, "outcome")
    )
    rows = _histogram("platform_call_rows", "Rows of each call.", (*VERSION, "outcome"))
    retries = CounterMetricFamily(
        f"{PREFIX}platform_call_retries",
        "Calls among them that were made again after one that failed.",
        labels=(*VERSION, "outcome"),
    )
    for key, one in totals.calls.items():
        if _is_known(key.model, key.version, known):
            _add(seconds, key, one.seconds)
            _add(rows, key, one.rows)
            retries.add_metric(key, one.retries)
    yield from (seconds, rows, retries)


def _gauges(totals: Totals, known: frozenset[tuple[str, str]] | None) -> Iterator[Metric]:
    for name, (what, labels) in OF_GAUGES.items():
        family = GaugeMetricFamily(f"{PREFIX}{name}", what, labels=labels)
        for (of, values), value in totals.gauges.items():
            if of == name and (labels != VERSION or _is_known(values[0], values[1], known)):
                family.add_metric(values, value)
        yield family


def _of_the_database(database: DatabaseSignals) -> Iterator[Metric]:
    yield _gauge("database_up", "Whether the database answers.", (), [((), float(database.is_up))])
    tasks, oldest = [], []
    for one in database.depths:
        states = {"waiting": one.waiting, "delayed": one.delayed, "running": one.running}
        tasks += [((one.kind, state), float(count)) for state, count in states.items()]
        oldest.append(((one.kind,), one.oldest))
    what = "Work for workers: due and waiting for one, due later, or worked on."
    yield _gauge("queue_tasks", what, ("kind", "state"), tasks)
    what = "For how long the oldest that is due has been waiting for a worker."
    yield _gauge("queue_oldest_task_age_seconds", what, ("kind",), oldest)
    alive = [] if database.workers is None else [((), float(database.workers))]
    yield _gauge("workers", "Workers that live.", (), alive)
    yield from _evaluations(database)


def _evaluations(database: DatabaseSignals) -> Iterator[Metric]:
    found = database.metrics
    values = [((one.model, one.version, one.metric), one.value) for one in found]
    what = "What the newest evaluation of a live version has found over all of its records."
    yield _gauge("evaluation_metric", what, (*VERSION, "metric"), values)
    ended = {(one.model, one.version): one.finished_at.timestamp() for one in found}
    yield _gauge("evaluation_timestamp_seconds", "When that ended.", VERSION, [*ended.items()])


def _gauge(
    name: str, what: str, labels: Sequence[str], values: Sequence[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}{name}", what, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _histogram(name: str, what: str, labels: Sequence[str]) -> HistogramMetricFamily:
    return HistogramMetricFamily(f"{PREFIX}{name}", what, labels=labels)


def _add(family: HistogramMetricFamily, labels: Sequence[str], one: Histogram) -> None:
    bounds = [*map(floatToGoString, one.bounds), "+Inf"]
    family.add_metric(labels, [*zip(bounds, accumulate(one.counts), strict=True)], one.total)
