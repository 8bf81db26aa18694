"""The page of models."""

from fastapi import Request, Response

from app.api.access.scopes import READ
from app.dashboard.rendering import page
from app.dashboard.routes import pages

router = pages()


@router.get("/dashboard/models", dependencies=[READ])
async def show_models(request: Request) -> Response:
    return page(request, "models/list.html")
