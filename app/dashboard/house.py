"""All pages, added to the application."""

from fastapi import FastAPI

from app.dashboard.pages import (
    audit,
    comparing,
    evaluation_data,
    evaluations,
    jobs,
    models,
    over_time,
    overview,
    records,
    signing_in,
)

EVALUATIONS = (evaluations, over_time, comparing, evaluation_data)
PAGES = (overview, models, audit, *EVALUATIONS, records, jobs, signing_in)
ROUTERS = tuple(module.router for module in PAGES)


def install(app: FastAPI) -> None:
    """Have them answered, at ``/`` and below ``/dashboard``."""
    for router in ROUTERS:
        app.include_router(router)
