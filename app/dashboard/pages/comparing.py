"""The page of two runs, or two versions, beside each other."""

from typing import Annotated, TypeAlias

from fastapi import Query, Request, Response

from app.api.access.scopes import READ
from app.api.deps import SessionsDep, UseCaseDep
from app.core.errors import AppError, NotFound
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
    sessions: SessionsDep,
    use_case: UseCaseDep,
    a: RunField = None,
    b: RunField = None,
    model: NameField = None,
    version_a: NameField = None,
    version_b: NameField = None,
    metric: MetricField = None,
) -> Response:
    """By runs, or by versions; the form alone where neither is named. What cannot be compared is said above
    the form."""
    found = fault = None
    try:
        if a and b:
            found = await side_by_side.of_runs(sessions, use_case, a, b, metric=metric)
        elif model and version_a and version_b:
            asked = model, version_a, version_b
            found = await side_by_side.of_versions(sessions, use_case, *asked, metric=metric)
    except NotFound:
        raise
    except AppError as error:
        fault = error
    asked_for = {"a": a, "b": b, "model": model, "version_a": version_a, "version_b": version_b}
    return page(
        request,
        "evaluations/compare.html",
        status=200 if fault is None else fault.status,
        found=found,
        fault=fault,
        asked=asked_for,
        view=None if found is None else views.of(found),
    )
