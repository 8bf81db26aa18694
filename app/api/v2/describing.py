"""What clients of the protocol ask of the server and its models, before they ask for predictions."""

from collections.abc import Sequence

from fastapi import APIRouter

from app.api.access.scopes import PREDICT
from app.api.deps import SessionsDep, UseCaseDep
from app.api.http.strict_route import StrictRoute
from app.api.v2 import tensors
from app.api.v2.errors import ROOT, TAG, responses
from app.core.errors import Unavailable
from app.core.web.program import NAME, VERSION
from app.schemas.ids import Name
from app.schemas.predictions.protocol import (
    ModelReady,
    ProtocolModel,
    ProtocolServer,
)
from app.services.models import listing, versions
from app.services.use_case import UseCase

router = APIRouter(prefix=ROOT, tags=[TAG], route_class=StrictRoute, dependencies=[PREDICT])


@router.get("", summary="Name the server", responses=responses())
async def get_server_metadata() -> ProtocolServer:
    """What this is, and which of the protocol's extensions it has."""
    return ProtocolServer(name=NAME, version=VERSION, extensions=["binary_tensor_data"])


@router.get("/models/{model}", summary="Describe a model's tensors", responses=responses())
async def get_model_metadata(model: Name, sessions: SessionsDep, use_case: UseCaseDep) -> ProtocolModel:
    """What a model takes and gives. The `prediction` is of a number's datatype, or BOOL, where the return
    annotation of `postprocess` says so (`list[float]`, `list[int]`, `list[bool]`), else BYTES of JSON.
    """
    found = await versions.get(sessions, model)
    return _described(model, [one.version for one in found.versions], use_case)


@router.get(
    "/models/{model}/versions/{version}", summary="Describe a version's tensors", responses=responses()
)
async def get_model_version_metadata(
    model: Name, version: Name, sessions: SessionsDep, use_case: UseCaseDep
) -> ProtocolModel:
    """What a version takes and gives."""
    found = await listing.get_version(sessions, model, version)
    return _described(model, [found.version], use_case)


@router.get("/models/{model}/ready", summary="Whether a model can be asked", responses=responses())
async def get_model_readiness(model: Name, sessions: SessionsDep) -> ModelReady:
    """It is there, and has a live version. 503 where it has none; nothing is asked of its platform, without
    which what is stored is answered all the same.
    """
    if (await versions.get(sessions, model)).live_version is None:
        raise Unavailable(f"The model {model!r} has no live version.")
    return ModelReady(name=model, ready=True)


@router.get(
    "/models/{model}/versions/{version}/ready",
    summary="Whether a version can be asked",
    responses=responses(),
)
async def get_model_version_readiness(model: Name, version: Name, sessions: SessionsDep) -> ModelReady:
    """It is there; it need not be live."""
    await listing.get_version(sessions, model, version)
    return ModelReady(name=model, ready=True)


def _described(model: str, named: Sequence[str], use_case: UseCase) -> ProtocolModel:
    return ProtocolModel(
        name=model,
        versions=[*named],
        platform=NAME,
        inputs=tensors.taken(),
        outputs=tensors.given(use_case),
    )
