"""What a metric of a model was over its runs, and within one window by version."""

from collections.abc import Collection, Sequence

from sqlalchemy import Row

from app.core import strict_json
from app.core.errors import NotFound
from app.db.engine import Sessions
from app.db.evaluations import runs as run_rows
from app.db.evaluations import timeline as rows
from app.db.tables import EvaluationMetricRow, EvaluationRow
from app.schemas.evaluations.metric_history import HistoryRow
from app.schemas.evaluations.runs import EvaluationSearch, Kind, MetricValue, Run
from app.schemas.evaluations.timeline import Timeline, WindowKey
from app.schemas.judged import METRICS
from app.services.evaluations import runs
from app.services.evaluations.over_time.windows import window_of
from app.services.use_case import UseCase

MOST_RUNS = 200
"""Newest finished ones that are looked at."""
MOST_PARTS = 5000
MOST_GROUPS = 12
"""Those of most records, of which the metric is told for every run."""


async def of(
    sessions: Sessions, use_case: UseCase, model: str, *, metric: str | None = None, like: int | None = None
) -> Timeline | None:
    """A metric (default: the first headline) of a model's runs; None where it has no finished ones.

    ``like`` is the run whose window is looked into; default the newest. NotFound where there is no such
    model, or no such run among the newest of it.
    """
    strict_json.check(metric, "metric")
    finished = await _finished(sessions, use_case, model)
    if not finished:
        return None
    found = [run for run, _ in finished]
    windows = {run.id: window for run, window in finished}
    by_id = {run.id: run for run in found}
    known = _known(use_case, metric)
    async with sessions() as session:
        whole = _told(by_id, await rows.whole(session, list(by_id), known))
        there = {one.metric for one in whole}
        shown = metric or next((name for name in known if name in there), known[0])
        chosen = _alike(found, windows, like)
        parts = await rows.parts(session, [run.id for run in chosen], shown, limit=MOST_PARTS)
        groups = list(dict.fromkeys(one.slice for one in parts if one.slice))[:MOST_GROUPS]
        of_groups = await rows.of_groups(session, list(by_id), shown, groups) if groups else []
    return Timeline(
        metric=shown,
        metrics=[name for name in known if name in there or name == shown],
        runs=found,
        windows=windows,
        over_runs=[one for one in whole if one.metric == shown],
        groups=_told(by_id, of_groups),
        chosen=chosen,
        parts=_told(by_id, parts),
    )


async def _finished(sessions: Sessions, use_case: UseCase, model: str) -> list[tuple[Run, WindowKey]]:
    """The newest that judged predictions, here or elsewhere."""
    kinds: tuple[Kind, ...] = ("quality", "report")
    found = list[Row[EvaluationRow, str, str]]()
    async with sessions() as session:
        for kind in kinds:
            search = EvaluationSearch(state="done", kind=kind, model=model)
            found += await run_rows.page(session, search, before=None, limit=MOST_RUNS)
        if not found:
            await runs.require_version(session, model, None)
    every = [(runs.told(row), row[0].record_prefix) for row in found]
    newest = sorted(every, key=lambda one: (one[0].finished_at or one[0].created_at, one[0].id), reverse=True)
    return [(run, window_of(use_case, run.request, prefix)) for run, prefix in newest[:MOST_RUNS]]


def _known(use_case: UseCase, metric: str | None) -> list[str]:
    """The task's, the headline first, and the one that is asked for."""
    asked = [] if metric is None else [metric]
    return list(dict.fromkeys([*use_case.headline, *use_case.metrics, *METRICS[use_case.task], *asked]))


def _alike(found: Sequence[Run], windows: dict[int, WindowKey], like: int | None) -> list[Run]:
    """The newest run of each version with the window and the buckets of one, in the order of their ids."""
    model = next((run for run in found if run.id == like or like is None), None)
    if model is None:
        raise NotFound(f"There is no evaluation {like} among the newest {len(found)} of this model.")
    alike = [
        run
        for run in found
        if (windows[run.id], run.request.bucket) == (windows[model.id], model.request.bucket)
    ]
    newest = {run.version: run for run in reversed(alike)}
    return sorted(newest.values(), key=lambda run: run.id)


def _told(by_id: dict[int, Run], found: Collection[EvaluationMetricRow]) -> list[HistoryRow]:
    """In the order of the runs' finish."""
    told = []
    for one in found:
        run = by_id[one.evaluation_id]
        about = {name: getattr(run, name) for name in ("kind", "model", "version", "finished_at")}
        value = MetricValue.model_validate(one, from_attributes=True)
        told.append(HistoryRow(evaluation_id=run.id, **about, **value.model_dump()))
    return sorted(told, key=lambda one: (one.finished_at, one.evaluation_id))
