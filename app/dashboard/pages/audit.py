"""The page that says who did what."""

from fastapi import Request, Response

from app.api.access.scopes import ADMIN
from app.api.deps import CursorQuery, SessionsDep
from app.dashboard.fields import NameField
from app.dashboard.rendering import page
from app.dashboard.routes import pages
from app.services.access import audit

router = pages()

ROWS = 100


@router.get("/dashboard/audit", dependencies=[ADMIN])
async def show_audit(
    request: Request, sessions: SessionsDep, model: NameField = None, cursor: CursorQuery = None
) -> Response:
    found = await audit.page(sessions, limit=ROWS, cursor=cursor, model=model)
    return page(request, "models/audit.html", found=found, model=model)
