"""What was answered, and what that saved."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.api.access.scopes import READ
from app.api.deps import SessionsDep
from app.api.http.problems import responses
from app.api.http.strict_route import StrictRoute
from app.core.errors import Forbidden
from app.schemas.overview.overview import Overview, Window
from app.services.overview.overview import overview
from app.services.runtime import Runtime
from app.services.tallies import AnswerNotes

router = APIRouter(prefix="/overview", tags=["overview"], route_class=StrictRoute)


async def _answer_notes(request: Request) -> AnswerNotes:
    runtime: Runtime = request.app.state.runtime
    return runtime.answer_notes


AnswerNotesDep = Annotated[AnswerNotes, Depends(_answer_notes)]


@router.get("", summary="Get the overview", responses=responses(Forbidden), dependencies=[READ])
async def get_overview(sessions: SessionsDep, notes: AnswerNotesDep, window: Window = "24h") -> Overview:
    """What was answered in the last hour, day, week or month, how fast, what failed, what the cache saved;
    live versions, the queue and workers as they are now."""
    return await overview(sessions, notes, window=window)
