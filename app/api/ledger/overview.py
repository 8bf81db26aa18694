"""What was answered, and what that saved."""

from fastapi import APIRouter

from app.api.access.scopes import READ
from app.api.deps import AnswerNotesDep, SessionsDep
from app.api.http.problems import responses
from app.api.http.strict_route import StrictRoute
from app.core.errors import Forbidden
from app.schemas.overview.overview import Overview, OverviewWindow
from app.services.overview.overview import overview

router = APIRouter(prefix="/overview", tags=["overview"], route_class=StrictRoute)


@router.get("", summary="Get the overview", responses=responses(Forbidden), dependencies=[READ])
async def get_overview(
    sessions: SessionsDep, notes: AnswerNotesDep, window: OverviewWindow = "24h"
) -> Overview:
    """What was answered in the last hour, day, week or month, how fast, what failed, what the cache saved;
    live versions, the queue and workers as they are now."""
    return await overview(sessions, notes, window=window)
