"""Delete a version that nobody was ever answered with as the live one."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.db import models as rows
from app.db import version_removal as removal
from app.db.engine import Sessions
from app.db.tables import ModelVersionRow
from app.services.access import audit
from app.services.models import versions

NAMED = 5
"""Ids that an error names at most."""


async def delete(sessions: Sessions, model: str, version: str) -> None:
    """Delete a version with its predictions; the model goes with its last version.

    Conflict if it is or was live, and if evaluations, prediction jobs or the model's schedule hang on it: the
    history is kept. What comes to refer to it meanwhile either is seen here, or gets NotFound itself.
    """
    async with sessions.begin() as session:
        row = await rows.lock_model(session, model)
        found = None if row is None else await rows.lock_version(session, row.id, version)
        if row is None or found is None:
            raise versions.no_version(model, version, model_exists=row is not None)
        if reasons := await _reasons(session, found, is_live=row.live_version_id == found.id):
            what = f"Version {version!r} of {model!r} cannot be deleted"
            raise Conflict(f"{what}: it {' and '.join(reasons)}. The history is kept.")
        await removal.remove(session, found)
        await audit.note(session, "deleted", audit.version_subject(model, version))


async def _reasons(session: AsyncSession, version: ModelVersionRow, *, is_live: bool) -> list[str]:
    """Why it is to be kept."""
    hanging = [
        *_named("evaluation", await removal.evaluations(session, version.id, limit=NAMED + 1)),
        *_named("prediction job", await removal.jobs(session, version.id, limit=NAMED + 1)),
    ]
    if await removal.is_scheduled(session, version):
        hanging.append("the model's evaluation schedule")
    reasons = [f"has {', '.join(hanging)}"] if hanging else []
    if relying := await removal.relying(session, version):
        reasons.append(f"is the fallback of {', '.join(relying)}")
    if is_live:
        return ["is live", *reasons]
    return ["was live", *reasons] if await removal.was_live(session, version.id) else reasons


def _named(what: str, ids: Sequence[int]) -> list[str]:
    if not ids:
        return []
    listed = ", ".join([*map(str, ids[:NAMED]), *(["..."] if len(ids) > NAMED else [])])
    return [f"{what}{'s' if len(ids) > 1 else ''} {listed}"]
