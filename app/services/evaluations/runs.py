"""Ask for evaluations, look at them, and cancel them."""

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.cursors import Cursor
from app.core.errors import Conflict, FieldError, InvalidInput, NotFound
from app.db import models as model_rows
from app.db.engine import Sessions
from app.db.evaluations import makers
from app.db.evaluations import runs as rows
from app.db.queue import tasks
from app.db.tables import EvaluationRow
from app.schemas.evaluations.runs import (
    AnsweredBy,
    Evaluation,
    EvaluationPage,
    EvaluationRequest,
    EvaluationSearch,
    ListedEvaluation,
    MetricValue,
    Run,
)
from app.schemas.ids import RowId
from app.schemas.judged import METRICS
from app.services.hosting.explaining import NO_EXPLAINER, require_explainer
from app.services.models import versions
from app.services.once import Keyed, once
from app.services.records import filters
from app.services.use_case import UseCase

CURSOR: Cursor[int] = Cursor("evaluations", TypeAdapter(RowId))


NO_METRICS = FieldError("metrics", "evaluation.py names none: name some")


def check(use_case: UseCase, request: EvaluationRequest) -> None:
    """InvalidInput names each metric, slice, field or value that does not fit, and what would."""
    none = [] if use_case.metrics or request.metrics or request.kind != "quality" else [NO_METRICS]
    faults = [
        *none,
        *filters.unknown("metrics", request.metrics or use_case.metrics, METRICS[use_case.task]),
        *filters.unknown("slices", request.slices or (), use_case.slices),
        *filters.faults(use_case, request.where, request.time_field, by_time=request.is_by_time),
        *filters.unnamed_model(use_case, request.model),
    ]
    if faults:
        raise InvalidInput("The evaluation cannot be run as asked.", errors=faults)


async def ask(
    sessions: Sessions,
    use_case: UseCase,
    request: EvaluationRequest,
    *,
    default_model: str | None,
    keyed: Keyed | None = None,
) -> Evaluation:
    """Queue a run of a version (default: the live one of the default model); once if it has a key."""
    check(use_case, request)
    model = versions.named_or_default(request.model, default_model)
    async with sessions.begin() as session:

        async def queue() -> Evaluation:
            return await _found(session, await begin(session, model, request))

        return await once(session, keyed, Evaluation, queue)


async def begin(session: AsyncSession, model: str, request: EvaluationRequest) -> int:
    """Queue a checked run in the session's transaction; its id. NotFound or Conflict: no such version."""
    await require_version(session, model, request.version)
    version_id = await versions.version_id(session, model, request.version)
    if request.kind == "attribution_drift":
        await _require_explainer(session, version_id)
    evaluation_id = await rows.create(session, version_id, request.kind, request.model_dump(mode="json"))
    await tasks.enqueue(session, "evaluate", [evaluation_id])
    return evaluation_id


async def _require_explainer(session: AsyncSession, version_id: int) -> None:
    if (found := await model_rows.get_version(session, version_id)) is not None:
        fault = FieldError("kind", f"attribution_drift {NO_EXPLAINER}")
        require_explainer(versions.stored(*found), fault)


async def require_version(session: AsyncSession, model: str | None, version: str | None) -> None:
    """NotFound says which there are. None: any model, any version."""
    known = await model_rows.list_versions(session, model)
    if model is not None and not known:
        every = sorted({row.name for row, _ in await model_rows.list_versions(session)})
        raise NotFound(f"There is no model {model!r}; there is {filters.listed(every)}.")
    names = list(dict.fromkeys(row.version for _, row in known))
    if version is not None and version not in names:
        lacking = f"The model {model!r} has no" if model is not None else "No model has a"
        raise NotFound(f"{lacking} version {version!r}; there is {filters.listed(names)}.")


async def get(sessions: Sessions, evaluation_id: int) -> Evaluation:
    """A run with what it found so far, or NotFound."""
    async with sessions() as session:
        return await _found(session, evaluation_id)


async def about(sessions: Sessions, evaluation_id: int) -> Run:
    """A run without what it found, or NotFound."""
    async with sessions() as session:
        found = await rows.find(session, evaluation_id)
    if found is None:
        raise no_run(evaluation_id)
    return told(found)


def no_run(evaluation_id: int) -> NotFound:
    return NotFound(f"There is no evaluation {evaluation_id}.")


async def _found(session: AsyncSession, evaluation_id: int) -> Evaluation:
    found = await rows.find(session, evaluation_id)
    if found is None:
        raise no_run(evaluation_id)
    measured = await rows.metrics_of(session, evaluation_id)
    made = await makers.answered_by(session, evaluation_id)
    values = [MetricValue.model_validate(one, from_attributes=True) for one in measured]
    answered_by = [AnsweredBy.model_validate(one, from_attributes=True) for one in made]
    return Evaluation(**vars(told(found)), metrics=values, answered_by=answered_by)


async def page(
    sessions: Sessions, use_case: UseCase, search: EvaluationSearch, *, limit: int, cursor: str | None
) -> EvaluationPage:
    """Runs, newest first, from the place where the last page's cursor points, each with its headline.

    NotFound where the search names a model or version that there is not.
    """
    before = CURSOR.decode(cursor)
    async with sessions() as session:
        found = await rows.page(session, search, before=before, limit=limit + 1)
        if not found and before is None:
            await require_version(session, search.model, search.version)
        listed, next_cursor = CURSOR.cut([told(row) for row in found], limit, lambda last: last.id)
        measured = await rows.headlines(session, [run.id for run in listed], use_case.headline)
    headlines: dict[int, list[MetricValue]] = {run.id: [] for run in listed}
    for one in measured:
        headlines[one.evaluation_id].append(MetricValue.model_validate(one, from_attributes=True))
    ranks = {name: place for place, name in enumerate(use_case.headline)}
    for found_of_one in headlines.values():
        found_of_one.sort(key=lambda one: ranks.get(one.metric, len(ranks)))
    items = [ListedEvaluation(**vars(run), headline=headlines[run.id]) for run in listed]
    return EvaluationPage(items=items, next_cursor=next_cursor)


def told(found: Row[EvaluationRow, str, str]) -> Run:
    """A run as callers see it; it comes with the names of its model and version."""
    row, model, version = found
    fields = {name: getattr(row, name) for name in Run.model_fields if hasattr(row, name)}
    return Run.model_validate(fields | {"model": model, "version": version, "request": row.filter})


async def cancel(sessions: Sessions, evaluation_id: int) -> Evaluation:
    """Stop a run that is under way, and give it as it stands; Conflict if it has ended."""
    await get(sessions, evaluation_id)  # nobody stops what is not there for them
    async with sessions.begin() as session:
        is_stopped = await rows.end(session, evaluation_id, "cancelled")
    run = await get(sessions, evaluation_id)
    if not is_stopped:
        raise Conflict(f"The evaluation {evaluation_id} has ended: it is {run.state}.")
    return run
