"""The ASGI application: ``uvicorn --factory app.main:create_app``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api import health, problems
from app.api.middleware import ExactPaths, RequestContext
from app.core.logging import configure_logging
from app.core.settings import Settings
from app.db.engine import create_engine, create_sessions


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the service; nothing is opened before its lifespan starts."""
    chosen = settings or Settings()
    configure_logging(chosen)
    app = FastAPI(
        title="sagemaker-fastapi",
        description="Predictions by record id, cached and evaluated in Postgres.",
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.settings = chosen
    app.add_middleware(ExactPaths)
    app.add_middleware(RequestContext)
    problems.install(app)
    app.include_router(health.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = create_engine(app.state.settings)
    app.state.sessions = create_sessions(app.state.engine)
    try:
        yield
    finally:
        await app.state.engine.dispose()
