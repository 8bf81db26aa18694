"""Whether the process lives, and whether it can work."""

from fastapi import APIRouter, Response

from app.api.deps import HealthDep
from app.api.http.problems import responses
from app.core.errors import AppError, MethodNotAllowed
from app.schemas.health import Liveness, Readiness

router = APIRouter(prefix="/health", tags=["health"])

FAILURES = responses(beside=(MethodNotAllowed, AppError))
MISSING: dict[int | str, dict[str, object]] = {503: {"model": Readiness, "description": "A part is missing"}}


@router.get("/live", summary="Whether the process lives", responses=FAILURES)
async def get_liveness() -> Liveness:
    """The process answers; nothing else is looked at."""
    return Liveness()


@router.get("/ready", summary="Whether the service can work", responses=FAILURES | MISSING)
async def get_readiness(health: HealthDep, response: Response) -> Readiness:
    """Which parts are there, as found in the last seconds.

    503 without the database or its migrations, and once a shutdown has begun. Anything else that is missing
    leaves the status `degraded`, and 200: what is stored is still answered, and taking every replica out of
    service would not bring a platform back.
    """
    found = await health.readiness()
    if found.status == "unavailable":
        response.status_code = 503
    return found
