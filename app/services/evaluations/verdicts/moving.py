"""What somebody is asked before the live pointer is moved, and the move itself as it was confirmed."""

from dataclasses import dataclass

from app.core.errors import Conflict
from app.db.engine import Sessions
from app.schemas.models import ModelVersion
from app.services.inference import Inference
from app.services.models import decided, listing, rollback, versions
from app.services.models.decided import Shown
from app.services.use_case import UseCase


@dataclass(frozen=True)
class ProposedMove:
    """A version that is to become live, and what is live until then."""

    model: str
    version: ModelVersion
    live: Shown


async def to_promote(sessions: Sessions, model: str, version: str) -> ProposedMove:
    """A version that is to be promoted, or NotFound."""
    found = await listing.get_version(sessions, model, version)
    return ProposedMove(model, found, await decided.live(sessions, model))


async def to_roll_back(sessions: Sessions, model: str) -> ProposedMove:
    """What a roll-back would make live; NotFound, or Conflict where there is nothing to go back to."""
    await decided.live(sessions, model)
    if (restored := await rollback.restorable(sessions, model)) is None:
        raise Conflict(f"The model {model!r} has no earlier live version to roll back to.")
    return await to_promote(sessions, model, restored)


async def promote(
    sessions: Sessions,
    use_case: UseCase,
    inference: Inference,
    model: str,
    version: str,
    *,
    shown: Shown,
    probe: bool | None,
) -> None:
    """Make a version live, if what was shown still is: what is sent twice moves the pointer once. Errors are
    those of ``versions.promote``."""
    if (live := await decided.live(sessions, model)) != shown and live.version != version:
        raise decided.changed(model, live, shown)  # before a row is sent
    await versions.promote(sessions, use_case, inference, model, version, probe=probe, shown=shown)


async def roll_back(
    sessions: Sessions, use_case: UseCase, model: str, restored: str, *, shown: Shown
) -> None:
    """Go back to the version that was named, if what was shown is still live; once, however often that is
    sent. Errors are those of ``rollback.roll_back``."""
    try:
        await rollback.roll_back(sessions, use_case, model, shown=shown)
    except Conflict:
        if (await decided.live(sessions, model)).version != restored:
            raise
