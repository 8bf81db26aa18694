"""Bulk import: COPY into a temporary table, then one merge per target table."""

import io
from typing import TypeAlias, cast

import asyncpg
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.schemas.records.imports import Counts

Incoming: TypeAlias = tuple[int, str, bytes, str, bytes | None, bytes | None]
"""line, id, payload as JSON, content_hash, label as JSON, observed_at in ISO 8601."""
COLUMNS = ("line", "id", "payload", "content_hash", "label", "observed_at")
NULL = b"\\N"
ESCAPED = (b"\\", b"\\\\")

CREATE = text("""
    create temporary table incoming (
        line bigint, id text, payload jsonb, content_hash text, label jsonb, observed_at timestamptz
    ) on commit drop
""")
# Both merges take the last line of an id, and lock rows in the order of ids so that imports cannot deadlock.
MERGE_RECORDS = text("""
    with chosen as (
        select distinct on (id) id, payload, content_hash from incoming order by id, line desc
    ), merged as (
        insert into input_objects (id, payload, content_hash)
        select id, payload, content_hash from chosen order by id
        on conflict (id) do update
        set payload = excluded.payload, content_hash = excluded.content_hash, updated_at = now()
        where input_objects.content_hash <> excluded.content_hash
        returning xmax = 0 as created
    )
    select count(*) filter (where created) as created, count(*) filter (where not created) as updated,
        (select count(*) from chosen) as chosen
    from merged
""")
MERGE_LABELS = text("""
    with chosen as (
        select distinct on (id) id, label, observed_at from incoming
        where label is not null order by id, line desc
    ), merged as (
        insert into labels (record_id, value, observed_at)
        select id, label, coalesce(
            chosen.observed_at, case when stored.value = label then stored.observed_at end, now()
        )
        from chosen left join labels as stored on stored.record_id = id
        order by id
        on conflict (record_id) do update
        set value = excluded.value, observed_at = excluded.observed_at
        where (labels.value, labels.observed_at) is distinct from (excluded.value, excluded.observed_at)
        returning xmax = 0 as created
    )
    select count(*) filter (where created) as created, count(*) filter (where not created) as updated,
        (select count(*) from chosen) as chosen
    from merged
""")


async def begin(session: AsyncSession) -> None:
    """Make the temporary table; it goes with the transaction."""
    await session.execute(CREATE)


def framed(incoming: Incoming) -> bytes:
    """A line as COPY's text format has it: neither an id nor JSON holds a tab or the end of a line."""
    line, record_id, payload, content_hash, label, observed_at = incoming
    return b"%d\t%b\t%b\t%b\t%b\t%b\n" % (
        line,
        record_id.encode().replace(*ESCAPED),
        payload.replace(*ESCAPED),
        content_hash.encode(),
        NULL if label is None else label.replace(*ESCAPED),
        observed_at or NULL,
    )


async def copy(session: AsyncSession, framed_lines: bytes) -> None:
    """Append lines to the temporary table."""
    pooled = await (await session.connection()).get_raw_connection()
    connection = cast("asyncpg.Connection[asyncpg.Record]", pooled.driver_connection)
    source = io.BytesIO(framed_lines)
    await connection.copy_to_table("incoming", schema_name="pg_temp", columns=COLUMNS, source=source)


async def merge_records(session: AsyncSession) -> Counts:
    """Write the copied records; what is stored already stays untouched, its time of update too."""
    return await _merge(session, MERGE_RECORDS)


async def merge_labels(session: AsyncSession) -> Counts:
    """Write the copied labels, after their records. Without a time the same value keeps its own."""
    return await _merge(session, MERGE_LABELS)


async def _merge(session: AsyncSession, statement: TextClause) -> Counts:
    row = (await session.execute(statement)).one()
    unchanged = row.chosen - row.created - row.updated
    return Counts(created=row.created, updated=row.updated, unchanged=unchanged)
