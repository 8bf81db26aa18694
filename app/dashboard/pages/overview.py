"""What the service does, at a glance."""

from fastapi import Request, Response

from app.api.access.scopes import READ
from app.dashboard.rendering import page
from app.dashboard.routes import pages

router = pages()


@router.get("/", dependencies=[READ])
async def show_overview(request: Request) -> Response:
    return page(request, "overview/overview.html")
