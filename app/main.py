"""The ASGI application: ``uvicorn --factory app.main:create_app``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from app.api import health, imports, models, predictions, problems, records
from app.api.middleware import ExactPaths, RequestContext
from app.core.logging import configure_logging
from app.core.settings import Settings
from app.core.shutdown import announced_shutdown
from app.db import capacity
from app.db.engine import open_database
from app.db.listener import Listener
from app.services import revisions
from app.services.health import Health
from app.services.inference import Inference
from app.services.leading import Leader
from app.services.pipeline import pipeline_version
from app.services.prediction import Predictor
from app.services.single_flight import SingleFlight
from app.storage import open_storage


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
    app.include_router(imports.router)
    app.include_router(records.router)
    app.include_router(models.router)
    app.include_router(predictions.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open everything, and close it in the opposite order: what is under way lands first."""
    settings: Settings = app.state.settings
    async with AsyncExitStack() as opened:
        database = open_database(settings)
        opened.push_async_callback(database.engine.dispose)
        inference = Inference(settings)
        opened.push_async_callback(inference.aclose)
        storage = open_storage(settings.storage_url) if settings.storage_url else None
        health = Health(database, inference, storage)
        opened.push_async_callback(health.aclose)
        opened.enter_context(announced_shutdown(health.shut_down, settings.shutdown_delay))
        listener = Listener(settings)
        listener.start()
        opened.push_async_callback(listener.aclose)
        flights = SingleFlight(settings, Leader(settings, database, inference, listener))
        opened.push_async_callback(partial(flights.aclose, grace=settings.predict_timeout))
        for work in (
            revisions.refresh_forever(settings, database, inference),
            capacity.warn_if_too_small(settings, database),
        ):
            opened.push_async_callback(_stop, asyncio.create_task(work))
        app.state.engine, app.state.sessions = database.engine, database.transactions
        app.state.health = health
        # An import holds a connection while its upload lasts: half of them stay free for everybody else.
        app.state.import_slots = asyncio.Semaphore(max(1, settings.database_pool_size // 2))
        app.state.inference = inference
        app.state.predictor = Predictor(settings, database, flights, pipeline_version(settings))
        yield


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
