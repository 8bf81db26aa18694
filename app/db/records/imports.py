"""Bulk import: COPY into a temporary table, then one merge per target table."""

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple, TypeAlias, cast

import asyncpg
from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.server.patience import patient
from app.schemas.records.imports import Counts

Incoming: TypeAlias = tuple[int, str, bytes, str, bytes | None, bytes | None, str | None]
"""line, id, payload as JSON, content_hash, label as JSON, observed_at in ISO 8601, own_model."""
COLUMNS = ("line", "id", "payload", "content_hash", "label", "observed_at", "own_model")
NULL = b"\\N"
ESCAPED = (b"\\", b"\\\\")

CREATE = text("""
    create temporary table incoming (
        line bigint, id text collate "C", payload jsonb, content_hash text,
        label jsonb, observed_at timestamptz, own_model text
    ) on commit drop
""")
# Both merges take the last line of an id, and lock rows in the order of ids so that imports cannot deadlock.
_WRITE_RECORDS = """
    with merged as (
        insert into input_objects (id, payload, content_hash, own_model)
        select distinct on (id) id, payload, content_hash, own_model from incoming order by id, line desc
        {conflict}
        returning {created} as created
    )
    select count(*) filter (where created) as created, count(*) filter (where not created) as updated
    from merged
"""
INSERT_RECORDS = text(_WRITE_RECORDS.format(conflict="", created="true"))
MERGE_RECORDS = text(
    _WRITE_RECORDS.format(
        conflict="""on conflict (id) do update
        set payload = excluded.payload, content_hash = excluded.content_hash,
            own_model = excluded.own_model, updated_at = now()
        where input_objects.content_hash <> excluded.content_hash
           or input_objects.own_model is distinct from excluded.own_model""",
        created="xmax = 0",
    )
)
ANY_BETWEEN = text("""
    select exists (
        select from input_objects, (select min(id) as first, max(id) as last from incoming) as bounds
        where id between first and last
    )
""")
RECORDS = text("select count(distinct id) from incoming")
MERGE_LABELS = text("""
    with merged as (
        insert into labels (record_id, value, observed_at)
        select distinct on (id) id, label, coalesce(
            incoming.observed_at, case when stored.value = label then stored.observed_at end, now()
        )
        from incoming left join labels as stored on stored.record_id = id
        where label is not null
        order by id, line desc
        on conflict (record_id) do update
        set value = excluded.value, observed_at = excluded.observed_at
        where (labels.value, labels.observed_at) is distinct from (excluded.value, excluded.observed_at)
        returning xmax = 0 as created
    )
    select count(*) filter (where created) as created, count(*) filter (where not created) as updated
    from merged
""")
LABELLED = text("select count(distinct id) from incoming where label is not null")
ANY_LABELLED = text("select exists (select from incoming where label is not null)")
NONE = Counts(created=0, updated=0, unchanged=0)


async def begin(session: AsyncSession) -> None:
    """Make the temporary table; it goes with the transaction."""
    await session.execute(CREATE)


class CopyColumns(NamedTuple):
    """What lines hold, part by part: an item for each. Payloads and labels are JSON, moments in ISO 8601."""

    lines: Sequence[int]
    ids: Sequence[str]
    payloads: Sequence[bytes]
    hashes: Sequence[str]
    labels: Sequence[bytes | None]
    observed_at: Sequence[bytes | None]
    own_models: Sequence[str | None]


def columns_of(*incoming: Incoming) -> CopyColumns:
    return CopyColumns(*(list(part) for part in zip(*incoming, strict=True)))


def framed(columns: CopyColumns) -> list[bytes]:
    """Each line as COPY's text format has it.

    Neither an id nor JSON holds a tab or the end of a line, and the name of a model nothing to escape.
    """
    parts = zip(
        columns.lines,
        _escaped([*map(str.encode, columns.ids)]),
        _escaped(columns.payloads),
        map(str.encode, columns.hashes),
        _escaped_or_null(columns.labels),
        _escaped_or_null(columns.observed_at),
        [NULL if name is None else name.encode() for name in columns.own_models],
        strict=True,
    )
    return [b"%d\t%b\t%b\t%b\t%b\t%b\t%b\n" % one for one in parts]


def _escaped(texts: Sequence[bytes]) -> Sequence[bytes]:
    return [text.replace(*ESCAPED) for text in texts] if b"\\" in b"".join(texts) else texts


def _escaped_or_null(texts: Sequence[bytes | None]) -> Sequence[bytes]:
    return [NULL if text is None else text.replace(*ESCAPED) for text in texts]


async def copy(session: AsyncSession, framed_lines: BinaryIO) -> int:
    """Put lines into the temporary table; how many there are."""
    pooled = await (await session.connection()).get_raw_connection()
    connection = cast("asyncpg.Connection[asyncpg.Record]", pooled.driver_connection)
    said = await connection.copy_to_table(
        "incoming", schema_name="pg_temp", columns=COLUMNS, source=framed_lines
    )
    return int(said.removeprefix("COPY "))


async def merge_records(session: AsyncSession, lines: int) -> Counts:
    """Write the copied records, of so many lines; what is stored already stays untouched, its time of update
    too.

    Where no stored id lies between the copied ones they are inserted without a look for each, which takes two
    thirds of the time.
    """
    if not await session.scalar(patient(ANY_BETWEEN)):
        try:
            async with session.begin_nested():
                return await _merge(session, INSERT_RECORDS, RECORDS, lines)
        except IntegrityError:
            pass  # somebody has written one meanwhile
    return await _merge(session, MERGE_RECORDS, RECORDS, lines)


async def merge_labels(session: AsyncSession, lines: int) -> Counts:
    """Write the copied labels, after their records. Without a time the same value keeps its own."""
    if not await session.scalar(patient(ANY_LABELLED)):
        return NONE
    return await _merge(session, MERGE_LABELS, LABELLED, lines)


async def _merge(session: AsyncSession, statement: TextClause, chosen: TextClause, lines: int) -> Counts:
    """``chosen`` counts the ids, which may be fewer than the lines; it is asked where that matters."""
    row = (await session.execute(patient(statement))).one()
    written: int = row.created + row.updated
    ids = lines if written == lines else await session.scalar(patient(chosen))
    return Counts(created=row.created, updated=row.updated, unchanged=(ids or 0) - written)
