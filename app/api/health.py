"""Whether the process lives, and whether it can work."""

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.problems import responses
from app.core.errors import Unavailable
from app.db import migrate

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    status: str = "ok"


@router.get("/live")
async def live() -> Health:
    """The process answers; nothing else is looked at."""
    return Health()


@router.get("/ready", responses=responses(Unavailable))
async def ready(request: Request) -> Health:
    """The database answers and is migrated."""
    engine: AsyncEngine = request.app.state.engine
    async with engine.connect() as connection:
        if not await migrate.is_current(connection):
            raise Unavailable("The database is not migrated: run `python -m app migrate`.", retry_after=5)
    return Health()
