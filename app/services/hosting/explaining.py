"""Versions whose predictions can be explained."""

from dataclasses import replace

from app.backends.registry import parse
from app.core.errors import AppError, FieldError, InvalidInput
from app.schemas.hosting.deployments import Deployment

NO_EXPLAINER = "takes a version with an explainer, such as one on SageMaker with the option explainer"


def explaining(deployment: Deployment) -> Deployment:
    """The deployment as one whose answers are explained; InvalidInput where nothing explains them."""
    require_explainer(deployment, FieldError("explain", NO_EXPLAINER))
    return replace(deployment, explained=True)


def require_explainer(deployment: Deployment, fault: FieldError) -> None:
    """InvalidInput with the fault where a version's options name no explainer."""
    try:
        is_explained = parse(deployment.backend, deployment.options).explained_by is not None
    except AppError:  # of a release that knew other options: it is told when it is opened
        return
    if not is_explained:
        what = f"Version {deployment.version!r} of model {deployment.model!r} has no explainer."
        raise InvalidInput(what, errors=[fault])
