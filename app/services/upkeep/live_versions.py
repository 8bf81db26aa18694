"""That every live version can be used, looked at when the service starts."""

import structlog

from app.core.errors import AppError
from app.services.models import versions
from app.services.pipeline import require_features
from app.services.runtime import Runtime
from app.services.upkeep.asking import until_answered

log = structlog.get_logger(__name__)


async def open_all(runtime: Runtime) -> None:
    """Open the backend of each live version; nothing is called.

    One error is logged for each that cannot be used: preprocess lacks its features, its options no longer
    fit, BACKEND_HOSTS does not list its host, a secret or a package is missing, its model's file is of a type
    that cannot be evaluated.
    """
    for deployment in await until_answered(lambda: versions.live_deployments(runtime.sessions)):
        try:
            require_features(runtime.use_case, deployment)
            await runtime.inference.open(deployment)
        except AppError as error:
            named = {"model": deployment.model, "version": deployment.version}
            log.error("a live version cannot be used", **named, reason=error.detail)
