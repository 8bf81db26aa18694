"""A row to each live version before anybody waits for a prediction: models load, clients are made."""

import asyncio

from app.core.errors import AppError
from app.db.engine import OUTAGES, is_outage, outage_in_words
from app.schemas.hosting.deployments import Deployment
from app.services.models import versions
from app.services.models.probe import probe
from app.services.runtime import Runtime

SECONDS = 30.0
"""Most that a platform may take, which has a model to load."""


async def warm_up(runtime: Runtime) -> list[str]:
    """Probe each live version; nothing is stored. Gives one line for each that failed, with its reason."""
    sessions = runtime.database.statements

    async def failure(deployment: Deployment) -> str | None:
        seconds = min(SECONDS, runtime.settings.predict_timeout)
        try:
            await probe(sessions, runtime.use_case, runtime.inference, deployment, seconds=seconds)
        except AppError as error:
            return f"version {deployment.version} of {deployment.model}: {error.detail}"
        return None

    try:
        live = await versions.live_deployments(sessions)
        return [said for said in await asyncio.gather(*map(failure, live)) if said]
    except OUTAGES as error:
        if not is_outage(error):
            raise
        return [outage_in_words(error)]
