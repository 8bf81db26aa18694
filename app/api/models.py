"""Models, their versions, and which is live."""

from fastapi import APIRouter, Response

from app.api.access.scopes import ADMIN, READ
from app.api.deps import FORGETTING, CursorQuery, InferenceDep, LimitQuery, SessionsDep, UseCaseDep
from app.api.http.problems import OF_BODIES, responses
from app.api.http.strict_route import StrictRoute
from app.api.predictions import FAILURES
from app.api.receiving.idempotency import KeyedRequest
from app.core.errors import Conflict, Misconfigured
from app.schemas.ids import Name
from app.schemas.models import (
    Model,
    ModelPage,
    ModelVersion,
    NewVersion,
    RolledBack,
    VersionChoice,
    VersionPage,
)
from app.services.models import deletion, listing, rollback, versions

router = APIRouter(prefix="/models", tags=["models"], route_class=StrictRoute)
REGISTERED: dict[int | str, dict[str, object]] = {200: {"model": ModelVersion, "description": "It was there"}}


@router.get("", summary="List the models", responses=responses(), dependencies=[READ])
async def list_models(
    sessions: SessionsDep, limit: LimitQuery = 100, cursor: CursorQuery = None
) -> ModelPage:
    """Models with their versions, in the order of their names, page by page."""
    return await listing.page(sessions, limit=limit, cursor=cursor)


@router.get("/{model}", summary="Get a model", responses=responses(), dependencies=[READ])
async def get_model(model: Name, sessions: SessionsDep) -> Model:
    """One model with its versions."""
    return await versions.get(sessions, model)


@router.get(
    "/{model}/versions", summary="List a model's versions", responses=responses(), dependencies=[READ]
)
async def list_versions(
    model: Name, sessions: SessionsDep, limit: LimitQuery = 100, cursor: CursorQuery = None
) -> VersionPage:
    """Versions of a model, newest first, page by page."""
    return await listing.page_of_versions(sessions, model, limit=limit, cursor=cursor)


@router.get(
    "/{model}/versions/{version}", summary="Get a version", responses=responses(), dependencies=[READ]
)
async def get_version(model: Name, version: Name, sessions: SessionsDep) -> ModelVersion:
    """One version of a model."""
    return await listing.get_version(sessions, model, version)


@router.post(
    "/{model}/versions",
    status_code=201,
    summary="Register a version",
    responses=REGISTERED | responses(*FAILURES, *OF_BODIES),
    dependencies=[ADMIN, FORGETTING],
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


@router.delete(
    "/{model}/versions/{version}",
    status_code=204,
    summary="Delete a version",
    responses=responses(Conflict),
    dependencies=[ADMIN, FORGETTING],
)
async def delete_version(model: Name, version: Name, sessions: SessionsDep) -> None:
    """Delete a version that was never live, with its predictions; the model goes with its last version.

    Refused with 409 if it is or was live, or if evaluations, prediction jobs or a schedule hang on it.
    """
    await deletion.delete(sessions, model, version)


@router.post(
    "/{model}/promote",
    summary="Make a version live",
    responses=responses(*FAILURES, *OF_BODIES),
    dependencies=[ADMIN, FORGETTING],
)
async def promote_version(
    model: Name, choice: VersionChoice, sessions: SessionsDep, use_case: UseCaseDep, inference: InferenceDep
) -> Model:
    """Make a version live, at once for every replica.

    One row is sent to it first, from the newest record that fits. If that fails, the version does not become
    live, and the answer is the error that a prediction would have; 409 if there are records and none fits.
    """
    return await versions.promote(sessions, use_case, inference, model, choice.version, probe=choice.probe)


@router.post(
    "/{model}/rollback",
    summary="Undo the last promotion",
    responses=responses(Conflict, Misconfigured),
    dependencies=[ADMIN, FORGETTING],
)
async def roll_back_model(
    model: Name, sessions: SessionsDep, use_case: UseCaseDep, keyed: KeyedRequest
) -> RolledBack:
    """Go back to the version that was live before; its cached predictions are valid again.

    Sent twice, it goes back twice, unless with one `Idempotency-Key`.

    Refused where that version takes features which preprocess no longer makes.
    """
    return await rollback.roll_back(sessions, use_case, model, keyed=keyed)
