"""The page of jobs."""

from fastapi import Request, Response

from app.api.access.scopes import READ
from app.dashboard.rendering import page
from app.dashboard.routes import pages

router = pages()


@router.get("/dashboard/jobs", dependencies=[READ])
async def show_jobs(request: Request) -> Response:
    return page(request, "jobs/list.html")
