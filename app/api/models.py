"""Models, their versions, and which is live."""

from fastapi import APIRouter, Response

from app.api.deps import InferenceDep, SessionsDep, UseCaseDep
from app.api.http.bodies import StrictRoute
from app.api.http.problems import responses
from app.core.errors import Conflict, InvalidInput, NotFound
from app.schemas.ids import Name
from app.schemas.models import Model, ModelVersion, NewVersion, VersionChoice
from app.services.models import versions

router = APIRouter(prefix="/models", tags=["models"], route_class=StrictRoute)


@router.get("")
async def list_models(sessions: SessionsDep) -> list[Model]:
    """Every model with its versions."""
    return await versions.list_all(sessions)


@router.get("/{model}", responses=responses(NotFound))
async def get_model(model: Name, sessions: SessionsDep) -> Model:
    """One model with its versions."""
    return await versions.get(sessions, model)


@router.post("/{model}/versions", status_code=201, responses=responses(InvalidInput, Conflict))
async def register_version(
    model: Name,
    new: NewVersion,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    inference: InferenceDep,
    response: Response,
) -> ModelVersion:
    """Register a version, and the model with its first one. The same again answers 200; another one 409."""
    version, is_new = await versions.register(sessions, use_case, inference, model, new)
    response.status_code = 201 if is_new else 200
    return version


@router.post("/{model}/promote", responses=responses(NotFound, InvalidInput))
async def promote_version(model: Name, choice: VersionChoice, sessions: SessionsDep) -> Model:
    """Make a version live, at once for every replica."""
    return await versions.promote(sessions, model, choice.version)


@router.post("/{model}/rollback", responses=responses(NotFound, Conflict))
async def roll_back_model(model: Name, sessions: SessionsDep) -> Model:
    """Go back to the version that was live before; its cached predictions are valid again."""
    return await versions.roll_back(sessions, model)
