"""What is to be known before the live pointer is moved, and the move itself as it was confirmed."""

from dataclasses import dataclass

from app.core.errors import Conflict
from app.db.engine import Sessions
from app.schemas.models import ModelVersion
from app.services.evaluations.verdicts import weighing
from app.services.evaluations.verdicts.weighing import Weighed
from app.services.inference import Inference
from app.services.models import decided, listing, rollback, versions
from app.services.models.decided import Shown
from app.services.use_case import UseCase


@dataclass(frozen=True)
class ProposedMove:
    """A version that is to become live, beside the one that is."""

    model: str
    version: ModelVersion
    live: Shown
    weighed: Weighed | str | None
    """A text says why they cannot be compared; None where nothing is live, or this version is."""


async def to_promote(sessions: Sessions, use_case: UseCase, model: str, version: str) -> ProposedMove:
    """What is to be known before a version is promoted, or NotFound."""
    found = await listing.get_version(sessions, model, version)
    live = await decided.live(sessions, model)
    weighed = None
    if live.version is not None and live.version != version:
        weighed = await weighing.weigh(sessions, use_case, model, live.version, version)
    return ProposedMove(model, found, live, weighed)


async def to_roll_back(sessions: Sessions, use_case: UseCase, model: str) -> ProposedMove:
    """What is to be known before a model is rolled back; NotFound, or Conflict where there is nothing to go
    back to."""
    await decided.live(sessions, model)
    if (restored := await rollback.restorable(sessions, model)) is None:
        raise Conflict(f"The model {model!r} has no earlier live version to roll back to.")
    return await to_promote(sessions, use_case, model, restored)


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
