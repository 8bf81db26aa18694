"""The pages of evaluation runs: which there are, what one found, and asking for another."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias
from uuid import uuid4

from fastapi import Query, Request, Response

from app.api.access.scopes import PREDICT, READ, require
from app.api.deps import CursorQuery, SessionsDep, SettingsDep, UseCaseDep
from app.core.errors import AppError
from app.dashboard import asked_runs
from app.dashboard.charts.drift import THRESHOLDS
from app.dashboard.faults import redirect
from app.dashboard.fields import Empty, NameField
from app.dashboard.rendering import page
from app.dashboard.routes import Form, pages
from app.dashboard.views import run as views
from app.schemas.evaluations.runs import Evaluation, EvaluationSearch, Kind, State
from app.schemas.ids import RowId
from app.services.evaluations import runs
from app.services.models import listing
from app.services.use_case import UseCase

router = pages()

ROWS = 50
MOST_NAMES = 200
"""Models that the form offers by name."""
StateField: TypeAlias = Annotated[State | None, Empty]
KindField: TypeAlias = Annotated[Kind | None, Empty]
MetricField: TypeAlias = Annotated[str | None, Query(max_length=200), Empty]


@router.get("/dashboard/evaluations", dependencies=[READ])
async def show_evaluations(
    request: Request,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    model: NameField = None,
    version: NameField = None,
    state: StateField = None,
    kind: KindField = None,
    cursor: CursorQuery = None,
) -> Response:
    search = EvaluationSearch(state, kind, model, version)
    found = await runs.page(sessions, use_case, search, limit=ROWS, cursor=cursor)
    for one in found.items:
        one.headline = views.in_order(one.headline, use_case.headline)
    is_all = search == EvaluationSearch() and cursor is None
    return page(request, "evaluations/list.html", found=found, search=search, is_all=is_all)


@router.get("/dashboard/evaluations/new", dependencies=[PREDICT])
async def ask_for_evaluation(
    request: Request,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    settings: SettingsDep,
    model: NameField = None,
    version: NameField = None,
    kind: Literal["quality", "drift", "attribution_drift"] = "quality",
) -> Response:
    asked = {"model": model or settings.default_model or "", "version": version or "", "kind": kind}
    return await _asking(request, sessions, use_case, asked)


@router.post("/dashboard/evaluations", dependencies=[PREDICT])
async def create_evaluation(
    request: Request, sessions: SessionsDep, use_case: UseCaseDep, settings: SettingsDep, form: Form
) -> Response:
    """A fault is shown in the form, which can be sent anew."""
    try:
        wanted = asked_runs.request_of(form)
        keyed, model = asked_runs.keyed(form, wanted), settings.default_model
        run = await runs.ask(sessions, use_case, wanted, default_model=model, keyed=keyed)
    except AppError as error:
        return await _asking(request, sessions, use_case, form, error)
    return redirect(f"/dashboard/evaluations/{run.id}")


async def _asking(
    request: Request,
    sessions: SessionsDep,
    use_case: UseCase,
    asked: Mapping[str, str],
    fault: AppError | None = None,
) -> Response:
    require("read")  # it names models
    models = await listing.page_of_summaries(sessions, named_like="", limit=MOST_NAMES, cursor=None)
    return page(
        request,
        "evaluations/new.html",
        status=200 if fault is None else fault.status,
        models=[one.model for one in models.items],
        choices=asked_runs.choices(use_case),
        asked=asked,
        fault=fault,
        faulty={one.field.partition("[")[0].partition(".")[0]: one.message for one in fault.errors}
        if fault
        else {},
        once=uuid4().hex,
    )


@router.get("/dashboard/evaluations/{evaluation_id:int}", dependencies=[READ])
async def show_evaluation(
    request: Request,
    evaluation_id: RowId,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    metric: MetricField = None,
) -> Response:
    run = await runs.get(sessions, evaluation_id)
    return _run(request, "evaluations/run.html", use_case, run, metric)


@router.get("/dashboard/evaluations/{evaluation_id:int}/part", dependencies=[READ])
async def show_part_of_evaluation(
    request: Request, evaluation_id: RowId, sessions: SessionsDep, use_case: UseCaseDep
) -> Response:
    """What changes while the run goes on."""
    return _run(request, "evaluations/part.html", use_case, await runs.get(sessions, evaluation_id))


def _run(
    request: Request, template: str, use_case: UseCase, run: Evaluation, metric: str | None = None
) -> Response:
    view = views.of(run, metric, [*use_case.headline, *use_case.metrics])
    return page(request, template, run=run, view=view, thresholds=THRESHOLDS)


@router.post("/dashboard/evaluations/{evaluation_id:int}/cancel", dependencies=[PREDICT])
async def cancel_evaluation(evaluation_id: RowId, sessions: SessionsDep) -> Response:
    await runs.cancel(sessions, evaluation_id)
    return redirect(f"/dashboard/evaluations/{evaluation_id}")
