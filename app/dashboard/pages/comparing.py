"""The page of two runs, or two versions, beside each other."""

from typing import Annotated, TypeAlias
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from app.api.access.scopes import READ
from app.api.deps import SessionsDep, UseCaseDep
from app.core.errors import AppError
from app.dashboard.fields import Empty, NameField
from app.dashboard.pages.evaluations import MetricField
from app.dashboard.rendering import page
from app.dashboard.routes import pages
from app.dashboard.views import comparison as views
from app.schemas.ids import RowId
from app.services.evaluations.verdicts import side_by_side

router = pages()

RunField: TypeAlias = Annotated[RowId | None, Query(), Empty]


@router.get("/dashboard/evaluations/compare", dependencies=[READ])
async def show_comparison(
    request: Request,
    a: RunField = None,
    b: RunField = None,
    model: NameField = None,
    version_a: NameField = None,
    version_b: NameField = None,
    metric: MetricField = None,
) -> Response:
    """By runs, or by versions; the form alone where neither is named. What comes of it may take a second, and
    is a part of its own."""
    named = {"a": a, "b": b, "model": model, "version_a": version_a, "version_b": version_b}
    asked = {name: value for name, value in named.items() if value is not None}
    is_asked = {"a", "b"} <= set(asked) or {"model", "version_a", "version_b"} <= set(asked)
    query = urlencode(asked | ({"metric": metric} if metric else {})) if is_asked else None
    return page(request, "evaluations/compare.html", asked=asked, query_of_part=query)


@router.get("/dashboard/evaluations/compare/part", dependencies=[READ])
async def show_compared(
    request: Request,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    a: RunField = None,
    b: RunField = None,
    model: NameField = None,
    version_a: NameField = None,
    version_b: NameField = None,
    metric: MetricField = None,
) -> Response:
    """What comes of it, or why nothing does."""
    found = fault = None
    try:
        if a and b:
            found = await side_by_side.of_runs(sessions, use_case, a, b, metric=metric)
        elif model and version_a and version_b:
            asked = model, version_a, version_b
            found = await side_by_side.of_versions(sessions, use_case, *asked, metric=metric)
    except AppError as error:
        fault = error
    view = None if found is None else views.of(found)
    return page(request, "evaluations/compared.html", found=found, fault=fault, view=view)
