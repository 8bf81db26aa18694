"""Who did what."""

from fastapi import APIRouter

from app.api.access.scopes import ADMIN
from app.api.deps import CursorQuery, LimitQuery, SessionsDep
from app.api.http.problems import responses
from app.api.http.strict_route import StrictRoute
from app.schemas.access.audit import AuditPage
from app.services.access import audit

router = APIRouter(prefix="/audit", tags=["access"], route_class=StrictRoute)


@router.get("", summary="List who did what", responses=responses(), dependencies=[ADMIN])
async def list_audit(sessions: SessionsDep, limit: LimitQuery = 100, cursor: CursorQuery = None) -> AuditPage:
    """Who registered, promoted, rolled back, deleted and purged what, who said what inferences cost, and who
    made and revoked keys: newest first, page by page. Nothing in it can be changed."""
    return await audit.page(sessions, limit=limit, cursor=cursor)
