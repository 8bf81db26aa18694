"""The next release migrates, with a concurrent index, while others do, and after one that was interrupted."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from tests.support.next_release import migrate_at_once, next_release
from tests.support.postgres import query

INDEXES = """
    select indisvalid from pg_index where indexrelid = to_regclass('ix_predictions_latency_ms')
"""


async def _interrupted(url: str) -> None:
    """An index that was begun, and given up while it waited for an older transaction."""
    older, other = await asyncpg.connect(url), await asyncpg.connect(url)
    async with older.transaction():
        await older.execute("lock table predictions in row exclusive mode")
        await other.execute("set statement_timeout = '200ms'")
        with pytest.raises(asyncpg.QueryCanceledError):
            await other.execute(
                "create index concurrently ix_predictions_latency_ms on predictions (latency_ms)"
            )
    for connection in (older, other):
        await connection.close()


def test_three_migrate_at_once_and_the_index_is_whole(database_url: str, tmp_path: Path) -> None:
    asyncio.run(_interrupted(database_url))
    assert query(database_url, INDEXES) == [(False,)]
    failed, out, errors = migrate_at_once(next_release(tmp_path), database_url, 3)
    assert failed == 0, errors
    assert out.count("is at the newest migration") == 3
    assert errors.count('"migrated"') == 1
    assert query(database_url, INDEXES) == [(True,)]
