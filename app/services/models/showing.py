"""All that the page of one model tells."""

from dataclasses import dataclass

from app.db.engine import Sessions
from app.schemas.access.audit import AuditPage
from app.schemas.access.callers import CURRENT
from app.schemas.models import LiveHistory, LiveStretch, VersionPage
from app.services.access import audit
from app.services.models import decided, history, listing, rollback
from app.services.models.decided import Shown

SOME = 10
"""Entries of the histories that the page begins with."""


@dataclass(frozen=True)
class ShownModel:
    """A model with a page of its versions, the newest first."""

    live: Shown
    versions: VersionPage
    last_live: dict[str, LiveStretch]
    """By version, the last time in which it was live."""
    restorable: str | None
    """What a roll-back would make live."""
    history: LiveHistory
    audit: AuditPage | None
    """None where the caller may not read it."""


async def show(sessions: Sessions, model: str, *, limit: int, cursor: str | None) -> ShownModel:
    """A model, or NotFound."""
    versions = await listing.page_of_versions(sessions, model, limit=limit, cursor=cursor)
    caller = CURRENT.get()
    may_audit = caller.may("admin") and not caller.is_bound
    return ShownModel(
        live=await decided.live(sessions, model),
        versions=versions,
        last_live=await history.newest(sessions, model, [one.version for one in versions.items]),
        restorable=await rollback.restorable(sessions, model),
        history=await history.page(sessions, model, limit=SOME, cursor=None),
        audit=await audit.page(sessions, limit=SOME, cursor=None, model=model) if may_audit else None,
    )
