"""That every live version can be used, looked at when the service starts."""

import asyncio

import structlog

from app.core.errors import AppError
from app.db.engine import OUTAGES, Sessions
from app.schemas.hosting.deployments import Deployment
from app.services.models import versions
from app.services.pipeline import require_features
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

PAUSE = 5.0
"""Seconds between two tries to ask a database that is away."""
LAST_WORDS = 2.0
"""Seconds that a shutdown waits for the database's answer."""


async def open_all(runtime: Runtime) -> None:
    """Open the backend of each live version; nothing is called.

    One error is logged for each that cannot be used: preprocess lacks its features, its options no longer
    fit, BACKEND_HOSTS does not list its host, a secret or a package is missing, its model's file is of a type
    that cannot be evaluated.
    """
    for deployment in await _live(runtime.database.transactions):
        try:
            require_features(runtime.use_case, deployment)
            await runtime.inference.open(deployment)
        except AppError as error:
            named = {"model": deployment.model, "version": deployment.version}
            log.error("a live version cannot be used", **named, reason=error.detail)


async def _live(sessions: Sessions) -> list[Deployment]:
    while True:
        asking = asyncio.create_task(versions.live_deployments(sessions))
        try:
            return await asyncio.shield(asking)
        except OUTAGES:  # which readiness reports
            await asyncio.sleep(PAUSE)
        except asyncio.CancelledError:  # a connection that is only being made would be left open
            await asyncio.wait([asking], timeout=LAST_WORDS)
            raise
