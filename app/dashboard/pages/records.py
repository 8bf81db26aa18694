"""The page of records."""

from fastapi import Request, Response

from app.api.access.scopes import READ
from app.dashboard.rendering import page
from app.dashboard.routes import pages

router = pages()


@router.get("/dashboard/records", dependencies=[READ])
async def show_records(request: Request) -> Response:
    return page(request, "records/list.html")
