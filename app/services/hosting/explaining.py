"""Versions whose predictions can be explained."""

from dataclasses import replace

from app.backends.registry import parse
from app.core.errors import AppError, FieldError, InvalidInput
from app.schemas.hosting.deployments import Deployment

NO_EXPLAINER = "only a version with an explainer takes it, such as one on SageMaker with the option explainer"


def explaining(deployment: Deployment) -> Deployment:
    """The deployment as one whose answers are explained; InvalidInput where nothing explains them."""
    if not is_explained(deployment):
        raise InvalidInput(
            f"Version {deployment.version!r} of model {deployment.model!r} has no explainer.",
            errors=[FieldError("explain", NO_EXPLAINER)],
        )
    return replace(deployment, explained=True)


def is_explained(deployment: Deployment) -> bool:
    """Whether a version's options name an explainer."""
    try:
        return parse(deployment.backend, deployment.options).explained_by is not None
    except AppError:  # of a release that knew other options: it is told when it is opened
        return True
