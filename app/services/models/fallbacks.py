"""The version that answers in place of another one, whose options name it."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.backends.registry import parse
from app.core.errors import FieldError, InvalidInput
from app.db import models as db
from app.schemas.hosting.deployments import Deployment


async def require(session: AsyncSession, new: Deployment) -> None:
    """InvalidInput where a version that is to be registered names a fallback that there is not."""
    fallback = parse(new.backend, new.options).fallback_version
    if fallback is None:
        return
    row = await db.find_model(session, new.model)
    if fallback == new.version or row is None or await db.find_version(session, row.id, fallback) is None:
        what = f"names no other registered version of {new.model!r}: register it first"
        raise InvalidInput(
            "There is no such fallback.", errors=[FieldError("options.fallback_version", what)]
        )
