"""What somebody decided by what they were shown is done if that is still so, and once."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, NotFound
from app.db import models
from app.db.engine import Sessions
from app.db.live import moves
from app.db.tables import ModelRow


class Shown(NamedTuple):
    """The version that was live when something was decided, and since when, which tells it from the same
    version at another time. Both None: none was ever live."""

    version: str | None
    since: datetime | None


async def live(sessions: Sessions, model: str) -> Shown:
    """What is live, to be shown. NotFound where there is no such model."""
    async with sessions() as session:
        row = await models.find_model(session, model)
        if row is None:
            raise NotFound(f"There is no model {model!r}.")
        return await _live(session, row)


async def require(session: AsyncSession, row: ModelRow, shown: Shown | None) -> None:
    """Conflict, that nothing was done, where something else is live in a model that is locked; None: whatever
    is."""
    if shown is None:
        return
    if (found := await _live(session, row)) != shown:
        raise changed(row.name, found, shown)


def changed(model: str, live: Shown, shown: Shown) -> Conflict:
    """Nothing was done, since what is live is not what was shown."""
    before = "none was live" if shown.version is None else f"version {shown.version!r} was"
    what = f"Nothing was done: version {live.version!r} of {model!r} became live after this page was shown"
    return Conflict(f"{what}, when {before}.")


async def _live(session: AsyncSession, row: ModelRow) -> Shown:
    found = await moves.newest(session, row.id)
    return Shown(None, None) if found is None else Shown(found.version, found.since)
