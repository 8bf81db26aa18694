"""Evaluation runs, their history, and comparisons."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BeforeValidator

from app.api.access.scopes import PREDICT, READ
from app.api.deps import CursorQuery, LimitQuery, SessionsDep, SettingsDep, UseCaseDep
from app.api.http.problems import OF_BODIES, responses
from app.api.http.strict_route import StrictRoute
from app.api.receiving.idempotency import KeyedRequest
from app.core.errors import Conflict
from app.schemas.evaluations.metric_history import HistoryPage, MetricSearch, Order
from app.schemas.evaluations.runs import (
    Comparison,
    Evaluation,
    EvaluationPage,
    EvaluationRequest,
    EvaluationSearch,
    Kind,
    State,
)
from app.schemas.ids import Name, RowId
from app.schemas.records.records import Moment
from app.schemas.values.guesses import exact_number
from app.services.evaluations import comparison, metric_history, runs

router = APIRouter(prefix="/evaluations", tags=["evaluations"], route_class=StrictRoute)

EvaluationId = Annotated[RowId, Path()]
CSV: dict[int | str, dict[str, object]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.post(
    "",
    status_code=202,
    summary="Evaluate a version",
    responses=responses(Conflict, *OF_BODIES),
    dependencies=[PREDICT],
)
async def create_evaluation(
    request: EvaluationRequest,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    settings: SettingsDep,
    response: Response,
    keyed: KeyedRequest,
) -> Evaluation:
    """Judge a version's predictions for the labelled records of a window; a worker does it.

    Every record is predicted through the cache, so that a second run of the same version costs no inference.
    """
    model = settings.default_model
    run = await runs.ask(sessions, use_case, request, default_model=model, keyed=keyed)
    response.headers["Location"] = f"{router.prefix}/{run.id}"
    return run


@router.get("", summary="List evaluations", responses=responses(), dependencies=[READ])
async def list_evaluations(
    sessions: SessionsDep,
    use_case: UseCaseDep,
    state: State | None = None,
    kind: Kind | None = None,
    model: Name | None = None,
    version: Name | None = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> EvaluationPage:
    """Evaluations, newest first, page by page: also those that wait, go on, failed or were cancelled.

    Each has its headline: the metrics of all records in the whole window that have an interval.
    """
    search = EvaluationSearch(state, kind, model, version)
    return await runs.page(sessions, use_case, search, limit=limit, cursor=cursor)


@router.get(
    "/metrics",
    response_model=HistoryPage,
    summary="Search the metrics of finished evaluations",
    responses=CSV | responses(),
    dependencies=[READ],
)
async def list_metrics(
    sessions: SessionsDep,
    use_case: UseCaseDep,
    kind: Kind | None = None,
    model: Name | None = None,
    version: Name | None = None,
    metric: str | None = None,
    group: Annotated[str | None, Query(alias="slice", description="`name=value`; empty for all")] = None,
    bucket: Annotated[str | None, Query(description="such as 2013-12; empty for the whole window")] = None,
    finished_since: Annotated[Moment | None, Query(description="runs that finished then or later")] = None,
    finished_until: Annotated[Moment | None, Query(description="runs that finished before")] = None,
    at_least: Annotated[float | None, Query(allow_inf_nan=False), BeforeValidator(exact_number)] = None,
    at_most: Annotated[float | None, Query(allow_inf_nan=False), BeforeValidator(exact_number)] = None,
    sort: Order = "-finished_at",
    limit: Annotated[int, Query(ge=1, le=10_000), BeforeValidator(exact_number)] = 100,
    cursor: CursorQuery = None,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> HistoryPage | Response:
    """The history: a row per metric, group and finished run.

    Undefined values match no threshold, and sort last. As CSV the next page's cursor is in the header
    `X-Next-Cursor`.
    """
    times = finished_since, finished_until
    wanted = MetricSearch(kind, model, version, metric, group, bucket, *times, at_least, at_most)
    page = await metric_history.page(sessions, use_case, wanted, order=sort, limit=limit, cursor=cursor)
    if form == "json":
        return page
    headers = {"X-Next-Cursor": page.next_cursor} if page.next_cursor else {}
    return Response(metric_history.as_csv(page.items), headers=headers, media_type="text/csv")


@router.get("/compare", summary="Compare two evaluations", responses=responses(Conflict), dependencies=[READ])
async def compare_evaluations(
    sessions: SessionsDep,
    use_case: UseCaseDep,
    a: RowId,
    b: RowId,
    metrics: Annotated[list[str], Query(alias="metric", default_factory=list, description="only these")],
    slices: Annotated[
        list[str],
        Query(alias="slice", default_factory=list, description="only these: `plan`, or `plan=basic`"),
    ],
) -> Comparison:
    """Whether run b is better than run a, per metric and group that both were asked for, on the records that
    both judged."""
    return await comparison.compare(sessions, use_case, a, b, metrics=metrics, slices=slices)


@router.get("/{evaluation_id}", summary="Get an evaluation", responses=responses(), dependencies=[READ])
async def get_evaluation(evaluation_id: EvaluationId, sessions: SessionsDep) -> Evaluation:
    """A run: its state, how far it is, and what it found."""
    return await runs.get(sessions, evaluation_id)


@router.post(
    "/{evaluation_id}/cancel",
    summary="Cancel an evaluation",
    responses=responses(Conflict),
    dependencies=[PREDICT],
)
async def cancel_evaluation(evaluation_id: EvaluationId, sessions: SessionsDep) -> Evaluation:
    """Stop a run that is queued or under way. What it has predicted stays in the cache."""
    return await runs.cancel(sessions, evaluation_id)
