"""Whether the process lives, and whether it can work, as the protocol asks for it."""

from fastapi import APIRouter

from app.api.deps import HealthDep
from app.api.v2.errors import ROOT, TAG, responses
from app.core.errors import AppError, MethodNotAllowed, Unavailable
from app.schemas.predictions.protocol import ServerLive, ServerReady

router = APIRouter(prefix=ROOT, tags=[TAG])

OPEN = responses(beside=(MethodNotAllowed, AppError))
"""Of what anybody is told."""


@router.get("/health/live", summary="Whether the server lives", responses=OPEN)
async def get_server_liveness() -> ServerLive:
    """The process answers; nothing else is looked at."""
    return ServerLive(live=True)


@router.get(
    "/health/ready", summary="Whether the server can work", responses=OPEN | responses(Unavailable, beside=())
)
async def get_server_readiness(health: HealthDep) -> ServerReady:
    """As `GET /health/ready`, which says what is missing. 503 where the service is unavailable."""
    if (await health.readiness()).status == "unavailable":
        raise Unavailable("The service is not ready; /health/ready says why.")
    return ServerReady(ready=True)
