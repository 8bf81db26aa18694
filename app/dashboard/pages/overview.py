"""What the service does, at a glance."""

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from app.api.access.scopes import READ
from app.api.deps import AnswerNotesDep, SessionsDep
from app.core.errors import Forbidden
from app.dashboard.charts import overview as charts
from app.dashboard.rendering import NOT_KEPT, page
from app.dashboard.routes import pages
from app.schemas.overview.overview import WINDOWS, OverviewWindow
from app.services.overview.overview import overview

router = pages()


@router.get("/", dependencies=[READ])
async def show_overview(
    request: Request, sessions: SessionsDep, notes: AnswerNotesDep, window: OverviewWindow = "24h"
) -> Response:
    """All of it. Who may not know of it is told so here: it is where one comes in."""
    try:
        found = await overview(sessions, notes, window=window)
    except Forbidden as error:
        return page(request, "overview/hidden.html", why=error.in_words)
    return page(
        request,
        "overview/overview.html",
        found=found,
        windows=[*WINDOWS],
        answers=charts.answers(found.steps),
        latency=charts.latency(found.steps),
        errors=charts.errors(found.steps, [one.cause for one in found.errors]),
    )


@router.get("/dashboard/overview/numbers", dependencies=[READ])
async def show_numbers(
    request: Request, sessions: SessionsDep, notes: AnswerNotesDep, window: OverviewWindow = "24h"
) -> Response:
    """What is renewed while the page is looked at."""
    found = await overview(sessions, notes, window=window)
    return page(request, "overview/numbers.html", found=found)


@router.get("/dashboard/overview/data", dependencies=[READ])
async def give_overview(
    sessions: SessionsDep, notes: AnswerNotesDep, window: OverviewWindow = "24h"
) -> Response:
    """What ``GET /overview`` tells, for who is signed in here: a cookie is nothing to the API."""
    found = await overview(sessions, notes, window=window)
    return JSONResponse(found.model_dump(mode="json"), headers=NOT_KEPT)
