"""Models, their versions, and which is live."""

from fastapi import APIRouter, Response

from app.api.deps import InferenceDep, SessionsDep, UseCaseDep
from app.api.http.bodies import StrictRoute
from app.api.http.problems import responses
from app.core.errors import (
    BackendError,
    BackendThrottled,
    BackendTimeout,
    Conflict,
    InvalidInput,
    Misconfigured,
    NotFound,
    UserCodeError,
)
from app.schemas.ids import Name
from app.schemas.models import Model, ModelVersion, NewVersion, VersionChoice
from app.services.models import deletion, versions

router = APIRouter(prefix="/models", tags=["models"], route_class=StrictRoute)

PROBE_FAILURES = (BackendError, BackendTimeout, BackendThrottled, UserCodeError, Misconfigured)


@router.get("")
async def list_models(sessions: SessionsDep) -> list[Model]:
    """Every model with its versions."""
    return await versions.list_all(sessions)


@router.get("/{model}", responses=responses(NotFound))
async def get_model(model: Name, sessions: SessionsDep) -> Model:
    """One model with its versions."""
    return await versions.get(sessions, model)


@router.post(
    "/{model}/versions", status_code=201, responses=responses(InvalidInput, Conflict, *PROBE_FAILURES)
)
async def register_version(
    model: Name,
    new: NewVersion,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    inference: InferenceDep,
    response: Response,
) -> ModelVersion:
    """Register a version, and the model with its first one. The same again answers 200; another one 409.

    Where it is to be promoted, but the row sent first fails, it is registered and not live, and the answer
    is the error.
    """
    version, is_new = await versions.register(sessions, use_case, inference, model, new)
    response.status_code = 201 if is_new else 200
    return version


@router.delete("/{model}/versions/{version}", status_code=204, responses=responses(NotFound, Conflict))
async def delete_version(model: Name, version: Name, sessions: SessionsDep) -> None:
    """Delete a version that was never live, with its predictions; the model goes with its last version.

    Refused with 409 if it is or was live, or if evaluations, prediction jobs or a schedule hang on it.
    """
    await deletion.delete(sessions, model, version)


@router.post("/{model}/promote", responses=responses(NotFound, InvalidInput, *PROBE_FAILURES))
async def promote_version(
    model: Name, choice: VersionChoice, sessions: SessionsDep, use_case: UseCaseDep, inference: InferenceDep
) -> Model:
    """Make a version live, at once for every replica.

    One row is sent to it first, from the newest record that fits. If that fails, the version does not become
    live, and the answer is the error that a prediction would have.
    """
    return await versions.promote(sessions, use_case, inference, model, choice.version, probe=choice.probe)


@router.post("/{model}/rollback", responses=responses(NotFound, Conflict))
async def roll_back_model(model: Name, sessions: SessionsDep) -> Model:
    """Go back to the version that was live before; its cached predictions are valid again."""
    return await versions.roll_back(sessions, model)
