"""Delete records by a filter, with their truths. What was predicted for them stays on the books."""

from collections.abc import Callable

from app.core import strict_json
from app.core.errors import NotFound
from app.core.errors.stored import as_stored
from app.db.engine import Sessions
from app.db.operations import working as operations
from app.db.records import purges as rows
from app.db.records.purges import Doomed
from app.schemas.records.purges import PurgeCounts, PurgeFilter
from app.services.access import audit
from app.services.records import filters
from app.services.use_case import UseCase

GONE = NotFound("The record was deleted meanwhile.")
BATCH = 1000
"""Records that are deleted in one transaction."""


async def count(sessions: Sessions, use_case: UseCase, wanted: PurgeFilter) -> PurgeCounts:
    """How many records fit the filter now; InvalidInput says what does not fit about it."""
    doomed = _doomed(use_case, wanted)
    async with sessions() as session:
        return await rows.count(session, doomed)


async def purge(
    sessions: Sessions, use_case: UseCase, wanted: PurgeFilter, *, said: Callable[[int], None]
) -> PurgeCounts:
    """Delete them batch by batch, and say after each how many are gone; what is gone stays so if it breaks
    off."""
    doomed, after = _doomed(use_case, wanted), ""
    records = labels = 0
    while True:
        async with sessions.begin() as session:
            ids, gone = await rows.delete_batch(session, doomed, after=after, limit=BATCH)
            await operations.drop_inputs(session, ids, as_stored(GONE))
            if gone.records:
                await audit.note(session, "purged", "records", records=gone.records, labels=gone.labels)
        if not ids:
            return PurgeCounts(records, labels)
        after, records, labels = ids[-1], records + gone.records, labels + gone.labels
        said(records)


def _doomed(use_case: UseCase, wanted: PurgeFilter) -> Doomed:
    strict_json.check(wanted.prefix, "prefix")
    window = filters.window(
        use_case,
        wanted.where or {},
        since=wanted.since,
        until=wanted.until,
        time_field=wanted.time_field,
    )
    return Doomed(window, wanted.prefix or "", wanted.unfit)
