"""The page of a metric over time."""

from typing import Annotated

from fastapi import Query, Request, Response

from app.api.access.scopes import READ
from app.api.deps import SessionsDep, SettingsDep, UseCaseDep
from app.dashboard.charts.runs import DOTTED
from app.dashboard.fields import Empty, NameField
from app.dashboard.pages.evaluations import MetricField
from app.dashboard.rendering import page
from app.dashboard.routes import pages
from app.dashboard.views import timeline as views
from app.schemas.ids import RowId
from app.services.evaluations.over_time import timeline
from app.services.models import listing

router = pages()

MOST_NAMES = 200


@router.get("/dashboard/evaluations/over-time", dependencies=[READ])
async def show_over_time(
    request: Request,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    settings: SettingsDep,
    model: NameField = None,
    metric: MetricField = None,
    like: Annotated[RowId | None, Query(), Empty] = None,
) -> Response:
    """Of the model that is named, the default one, or the first there is."""
    models = await listing.page_of_summaries(sessions, named_like="", limit=MOST_NAMES, cursor=None)
    names = [one.model for one in models.items]
    shown = model or next((one for one in (settings.default_model, *names) if one in names), None)
    found = None if shown is None else await timeline.of(sessions, use_case, shown, metric=metric, like=like)
    view = None if found is None else views.of(found)
    return page(
        request,
        "evaluations/over_time.html",
        model=shown,
        models=names,
        found=found,
        view=view,
        like=like,
        dotted=DOTTED,
    )
