"""What the pages of evaluations draw, as CSV and JSON: the API's answers, for who is signed in here."""

import re
from typing import Annotated, Literal, TypeAlias

from fastapi import Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from app.api.access.scopes import READ
from app.api.deps import SessionsDep, UseCaseDep
from app.dashboard.fields import NameField
from app.dashboard.routes import pages
from app.schemas.evaluations.metric_history import MetricSearch
from app.schemas.evaluations.runs import ComparedMetric, MetricValue
from app.schemas.ids import RowId
from app.schemas.values.csv_cells import csv_text
from app.services.evaluations import comparison, metric_history, runs

router = pages()

MOST = 10_000
"""Rows of one answer, as the API's."""
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
DataFormat: TypeAlias = Annotated[Literal["csv", "json"], Query(alias="format")]
OnlyMetrics: TypeAlias = Annotated[list[str], Query(alias="metric", default_factory=list)]


@router.get("/dashboard/evaluations/metrics", dependencies=[READ])
async def give_metrics(
    sessions: SessionsDep,
    use_case: UseCaseDep,
    model: NameField = None,
    metric: Annotated[str | None, Query(max_length=200)] = None,
    group: Annotated[str | None, Query(alias="slice")] = None,
    bucket: str | None = None,
    form: DataFormat = "json",
) -> Response:
    """The newest metrics of a model's finished runs, undefined ones with their reasons."""
    wanted = MetricSearch(model=model, metric=metric, slice=group, bucket=bucket)
    found = await metric_history.page(
        sessions, use_case, wanted, order="-finished_at", limit=MOST, cursor=None
    )
    if form == "json":
        return _json(found)
    return _csv(metric_history.as_csv(found.items), f"metrics-{model or 'all'}-{metric or 'all'}")


@router.get("/dashboard/evaluations/{evaluation_id:int}/data", dependencies=[READ])
async def give_evaluation(evaluation_id: RowId, sessions: SessionsDep, form: DataFormat = "json") -> Response:
    """A run with all that it found."""
    found = await runs.get(sessions, evaluation_id)
    return (
        _json(found) if form == "json" else _csv(_table(MetricValue, found.metrics), f"run-{evaluation_id}")
    )


@router.get("/dashboard/evaluations/compare/data", dependencies=[READ])
async def give_comparison(
    sessions: SessionsDep,
    use_case: UseCaseDep,
    a: RowId,
    b: RowId,
    metrics: OnlyMetrics,
    form: DataFormat = "json",
) -> Response:
    """Two runs beside each other."""
    found = await comparison.compare(sessions, use_case, a, b, metrics=metrics)
    if form == "json":
        return _json(found)
    return _csv(_table(ComparedMetric, found.metrics), f"compared-{a}-{b}")


def _json(found: BaseModel) -> Response:
    return JSONResponse(found.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


def _table(kind: type[BaseModel], found: list[MetricValue] | list[ComparedMetric]) -> str:
    cells = (one.model_dump(mode="json").values() for one in found)
    return csv_text([list(kind.model_fields), *map(list, cells)])


def _csv(text: str, name: str) -> Response:
    said = NOT_IN_NAMES.sub("_", name)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{said}.csv"'}
    return Response(text, headers=headers, media_type="text/csv")
