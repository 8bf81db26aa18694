"""The page of evaluations."""

from fastapi import Request, Response

from app.api.access.scopes import READ
from app.dashboard.rendering import page
from app.dashboard.routes import pages

router = pages()


@router.get("/dashboard/evaluations", dependencies=[READ])
async def show_evaluations(request: Request) -> Response:
    return page(request, "evaluations/list.html")
