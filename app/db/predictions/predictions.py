"""The log of predictions, whose current rows are the cache."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Executable,
    Float,
    Integer,
    Text,
    bindparam,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import dump_json
from app.db.predictions.cache import ENTRY_COLUMNS, YOUNG, CachedPrediction, entry_of, prediction_of
from app.db.predictions.scope import Scope
from app.db.server.patience import patient
from app.db.tables import PredictionRow
from app.schemas.hosting.calls import NO_NOTES, CallNotes
from app.schemas.hosting.deployments import PENDING

ALL = 2**63 - 1
"""More than any id."""


@dataclass(frozen=True)
class NewPrediction:
    """A row to store. Rows of the key up to the id ``after`` are superseded (0: only those that are too old).

    ``epoch`` is that of a label by a look; None where the reply told its revision. ``current`` False: nobody
    knows what made it, and it is no cache entry. ``computed_at`` None: ``age`` seconds ago.
    """

    record_id: str
    content_hash: str
    revision: str
    output: JsonValue
    raw_output: JsonValue
    latency_ms: float
    after: int = 0
    epoch: int | None = None
    variant: str | None = None
    current: bool = True
    age: float = 0.0
    computed_at: datetime | None = None
    source_id: int | None = None
    notes: CallNotes = NO_NOTES


def columns(rows: Sequence[NewPrediction], outputs: Sequence[str]) -> dict[str, object]:
    """The values of rows, by column; ``outputs`` are theirs as JSON. One that is no other is null."""
    raw = [None if row.raw_output is row.output else dump_json(row.raw_output) for row in rows]
    return {
        "record_ids": [row.record_id for row in rows],
        "content_hashes": [row.content_hash for row in rows],
        "revisions": [row.revision for row in rows],
        "outputs": outputs,
        "raw_outputs": raw,
        "latencies": [row.latency_ms for row in rows],
        "ages": [row.age for row in rows],
        "current": [row.current for row in rows],
        "epochs": [row.epoch for row in rows],
        "variants": [row.variant for row in rows],
        "inference_ids": [row.notes.inference_id for row in rows],
        "positions": [row.notes.position for row in rows],
        "attributes": [row.notes.custom_attributes for row in rows],
    }


_IDS, _HASHES, _REVISIONS, _OUTPUTS, _RAW_OUTPUTS, _VARIANTS, _INFERENCES, _ATTRIBUTES = (
    bindparam(name, type_=ARRAY(Text()))
    for name in (
        *("record_ids", "content_hashes", "revisions", "outputs", "raw_outputs", "variants"),
        *("inference_ids", "attributes"),
    )
)
_POSITIONS = bindparam("positions", type_=ARRAY(Integer()))
_EPOCHS, _SOURCES = (bindparam(name, type_=ARRAY(BigInteger())) for name in ("epochs", "sources"))
_LATENCIES, _AGES = (bindparam(name, type_=ARRAY(Float())) for name in ("latencies", "ages"))
_CURRENT = bindparam("current", type_=ARRAY(Boolean()))
_MOMENTS = bindparam("moments", type_=ARRAY(DateTime(timezone=True)))

_OWN = "record_id = wanted.record_id"
_OUTDATED = f"{_OWN} and (not {YOUNG} or id <= wanted.after)"
_SUPERSEDE = text(f"""
    update predictions set superseded_at = now()
    where superseded_at is null and id = any(array(
        select prediction.id
        from model_versions version
        cross join unnest(:record_ids, :content_hashes, :revisions, :after)
            as wanted (record_id, content_hash, revision, after)
        cross join {prediction_of("wanted.content_hash", "array[wanted.revision]", _OUTDATED)}
        where version.id = :model_version_id
    ))
""").bindparams(_IDS, _HASHES, _REVISIONS, bindparam("after", type_=ARRAY(BigInteger())))

_INSERT = (
    text(f"""
        insert into predictions as prediction
            (record_id, content_hash, revision, model_version_id, pipeline_version,
             output, raw_output, latency_ms,
             expires_at, computed_at, superseded_at, epoch, variant, source_id,
             inference_id, inference_position, custom_attributes)
        select record_id, content_hash, revision, :model_version_id, :pipeline_version,
               cast(output as json), cast(coalesce(raw_output, output) as json), latency_ms,
               moment + make_interval(secs => cast(:ttl as float8)), moment,
               case when not is_current then now() end, epoch, variant, source_id,
               inference_id, inference_position, custom_attributes
        from unnest(:record_ids, :content_hashes, :revisions, :outputs, :raw_outputs, :latencies, :moments,
                    :ages, :current, :epochs, :variants, :sources, :inference_ids, :positions, :attributes)
            as computed (record_id, content_hash, revision, output, raw_output, latency_ms, given,
                         age, is_current, epoch, variant, source_id,
                         inference_id, inference_position, custom_attributes)
        cross join lateral (select coalesce(given, now() - make_interval(secs => age)) as moment) as computing
        order by record_id
        on conflict (content_hash, model_version_id, pipeline_version, record_id, revision)
            where superseded_at is null do nothing
        returning {ENTRY_COLUMNS}
    """)
    .bindparams(_IDS, _HASHES, _REVISIONS, _OUTPUTS, _RAW_OUTPUTS, _LATENCIES, _MOMENTS)
    .bindparams(_AGES, _CURRENT, _EPOCHS, _VARIANTS, _SOURCES, _INFERENCES, _POSITIONS, _ATTRIBUTES)
)

_READ = text(f"""
        select {ENTRY_COLUMNS}
        from model_versions version
        cross join unnest(:record_ids, :content_hashes, :revisions)
            as wanted (record_id, content_hash, revision)
        cross join {prediction_of("wanted.content_hash", "array[wanted.revision]", _OWN)}
        where version.id = :model_version_id
    """).bindparams(_IDS, _HASHES, _REVISIONS)


async def store(
    session: AsyncSession, scope: Scope, rows: Sequence[NewPrediction], *, ttl: float | None
) -> dict[str, CachedPrediction]:
    """Insert predictions, each under the revision that answered. Where another one landed first that one
    stays: what comes back, by record, is what is stored."""
    stored = await _insert(session, scope, rows, ttl)
    if left := [row for row in rows if row.record_id not in stored]:
        # In their way is what they supersede, or what another process stored.
        outdated: dict[str, object] = {"after": [row.after for row in left], "ttl": ttl}
        await session.execute(_SUPERSEDE, _keys(scope, left) | outdated)
        stored |= await _insert(session, scope, left, ttl)
        if late := [row for row in left if row.record_id not in stored]:
            stored |= await _entries(session, _READ, _keys(scope, late))
    return stored


async def copies(session: AsyncSession, sources: Mapping[str, int], *, newly: bool) -> list[NewPrediction]:
    """What other records' predictions, by their ids, are for the records that they are given to.

    ``newly``: in place of what those records have from before.
    """
    query = select(PredictionRow).where(PredictionRow.id.in_(set(sources.values())))
    found = {row.id: row for row in await session.scalars(query)}
    return [
        NewPrediction(
            record_id,
            row.content_hash,
            row.revision,
            row.output,
            row.raw_output,
            row.latency_ms,
            after=row.id - 1 if newly else 0,
            epoch=row.epoch,
            variant=row.variant,
            current=row.superseded_at is None,
            computed_at=row.computed_at,
            source_id=row.source_id or row.id,
        )
        for record_id, source_id in sources.items()
        if (row := found.get(source_id)) is not None
    ]


_UNCONFIRMED = text(f"""
    update predictions
    set superseded_at = coalesce(superseded_at, now()), revision = '{PENDING}' || epoch
    where model_version_id = :version_id and id > :after and coalesce(source_id, id) > :after
      and epoch is not null and not starts_with(revision, '{PENDING}')
""")


async def disown(session: AsyncSession, version_id: int, *, after: int) -> None:
    """Nobody knows any longer what made the predictions with ids over ``after`` that looks have labelled."""
    await session.execute(patient(_UNCONFIRMED), {"version_id": version_id, "after": after})


async def _insert(
    session: AsyncSession, scope: Scope, rows: Sequence[NewPrediction], ttl: float | None
) -> dict[str, CachedPrediction]:
    values: dict[str, object] = {
        **columns(rows, [dump_json(row.output) for row in rows]),
        "moments": [row.computed_at for row in rows],
        "sources": [row.source_id for row in rows],
        "ttl": ttl,
    }
    return await _entries(session, _INSERT, _keys(scope, rows) | values)


async def _entries(
    session: AsyncSession, statement: Executable, values: Mapping[str, object]
) -> dict[str, CachedPrediction]:
    found = (await session.execute(statement, values)).mappings()
    return {entry.record_id: entry for row in found if (entry := entry_of(row)) is not None}


def _keys(scope: Scope, rows: Sequence[NewPrediction]) -> dict[str, object]:
    return {
        "record_ids": [row.record_id for row in rows],
        "content_hashes": [row.content_hash for row in rows],
        "revisions": [row.revision for row in rows],
        "model_version_id": scope.model_version_id,
        "pipeline_version": scope.pipeline_version,
    }
