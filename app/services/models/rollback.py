"""Go back to the version that was live before."""

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.db import models as db
from app.db.engine import Sessions
from app.schemas.models import RolledBack
from app.services.access import audit
from app.services.models import decided, versions
from app.services.models.decided import Shown
from app.services.models.describing import grouped
from app.services.once import Keyed, once
from app.services.use_case import UseCase

log = structlog.get_logger(__name__)


async def roll_back(
    sessions: Sessions,
    use_case: UseCase,
    model: str,
    *,
    keyed: Keyed | None = None,
    shown: Shown | None = None,
) -> RolledBack:
    """Make the version live that was so before the last promotion; its cached predictions are valid again.

    A second call goes back one version more, unless it has the key of the first. Conflict where ``shown`` is
    not what is live any more. No probe is sent: it must work while a platform is away. Misconfigured where
    the version takes features that preprocess lacks: every answer would be that.
    """
    async with sessions.begin() as session:
        done = await once(session, keyed, RolledBack, lambda: _roll_back(session, use_case, model, shown))
    if keyed is None or not keyed.replayed:
        log.info("rolled back", model=model, left_version=done.left_version, live_version=done.live_version)
    return done


async def restorable(sessions: Sessions, model: str) -> str | None:
    """The version that a roll-back would make live; None where there is none."""
    async with sessions() as session:
        row = await db.find_model(session, model)
        standing = [] if row is None else await db.standing_promotions(session, row.id, limit=2)
        restored = await db.get_version(session, standing[1].version_id) if len(standing) > 1 else None
    return None if restored is None else restored[1].version


async def _roll_back(session: AsyncSession, use_case: UseCase, model: str, shown: Shown | None) -> RolledBack:
    row = await versions.locked(session, model)
    await decided.require(session, row, shown)
    standing = await db.standing_promotions(session, row.id, limit=2)
    if len(standing) < 2:
        raise Conflict(f"The model {model!r} has no earlier live version to roll back to.")
    undone, restored = standing
    if (version := await db.get_version(session, restored.version_id)) is not None:
        versions.require_features(use_case, versions.stored(*version))
    db.undo(row, undone, restored)
    known = await db.list_versions(session, model)
    left = next(found.version for _, found in known if found.id == undone.version_id)
    subject = audit.version_subject(model, left)
    await audit.note(session, "rolled back", subject, live_version=grouped(known)[0].live_version)
    return RolledBack(**vars(grouped(known)[0]), left_version=left)
