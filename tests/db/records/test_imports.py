"""The merge of what was copied, where somebody else writes the same record."""

import asyncio
from io import BytesIO

from sqlalchemy import text

from app.db.engine import Sessions
from app.db.records import imports, records
from app.schemas.records.imports import Counts

WAITING = text(
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
)


async def test_a_new_record_that_somebody_writes_meanwhile(sessions: Sessions) -> None:
    """It is not seen to be there, and then it is."""
    async with sessions() as importing, sessions() as other, sessions() as watching:
        await records.upsert(other, [records.NewRecord("b", "1", "1")])
        await imports.begin(importing)
        given = [(line, key, b"2", "2", None, None, None) for line, key in enumerate("abc")]
        lines = imports.framed(imports.columns_of(*given))
        assert await imports.copy(importing, BytesIO(b"".join(lines))) == 3
        merging = asyncio.create_task(imports.merge_records(importing, 3))
        async with asyncio.timeout(60):
            while not await watching.scalar(WAITING):  # noqa: ASYNC110 - it is Postgres' state
                await asyncio.sleep(0.01)
        await other.commit()
        assert await merging == Counts(created=2, updated=1, unchanged=0)
        await importing.commit()
        assert [row.payload for row in await records.page(watching, after="", prefix="", limit=9)] == [
            2,
            2,
            2,
        ]
