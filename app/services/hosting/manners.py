"""How versions answer, by their options."""

from app.backends.base import BackendOptions
from app.backends.registry import parse
from app.core.errors import AppError
from app.schemas.hosting.deployments import Deployment


def submits(deployment: Deployment) -> bool:
    """Whether its platform takes rows now and answers later."""
    options = _options(deployment)
    return options is not None and options.submits


def responds_async(deployment: Deployment) -> bool:
    """Whether who does not say otherwise is answered 202."""
    options = _options(deployment)
    return options is not None and options.respond_async


def _options(deployment: Deployment) -> BackendOptions | None:
    try:
        return parse(deployment.backend, deployment.options)
    except AppError:  # of a release that knew other options: it is told when it is opened
        return None
