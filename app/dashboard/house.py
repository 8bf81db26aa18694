"""All pages, added to the application."""

from fastapi import FastAPI

from app.dashboard.pages import audit, evaluations, jobs, models, overview, records, signing_in

ROUTERS = tuple(module.router for module in (overview, models, audit, evaluations, records, jobs, signing_in))


def install(app: FastAPI) -> None:
    """Have them answered, at ``/`` and below ``/dashboard``."""
    for router in ROUTERS:
        app.include_router(router)
