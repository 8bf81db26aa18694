"""The log of predictions, whose current rows are the cache."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import JSON, BigInteger, Float, Text, TextualSelect, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import dump_json
from app.db.predictions.cache import ENTRY_COLUMNS, CachedPrediction, Scope, entry_of, prediction_of


@dataclass(frozen=True)
class NewPrediction:
    """A row to store. Rows of the key up to the id ``after`` are superseded (0: only expired ones)."""

    record_id: str
    content_hash: str
    revision: str
    output: JsonValue
    raw_output: JsonValue
    latency_ms: float
    after: int = 0


_IDS, _HASHES, _REVISIONS, _OUTPUTS, _RAW_OUTPUTS = (
    bindparam(name, type_=ARRAY(Text()))
    for name in ("record_ids", "content_hashes", "revisions", "outputs", "raw_outputs")
)
_LATENCIES = bindparam("latencies", type_=ARRAY(Float()))

_OUTDATED = "(expires_at <= now() or id <= wanted.after)"
_SUPERSEDE = text(f"""
    update predictions set superseded_at = now()
    where superseded_at is null and id = any(array(
        select prediction.id
        from model_versions version
        cross join unnest(:record_ids, :content_hashes, :revisions, :after)
            as wanted (record_id, content_hash, revision, after)
        cross join {prediction_of("wanted.content_hash", "wanted.revision", _OUTDATED)}
        where version.id = :model_version_id
    ))
""").bindparams(_IDS, _HASHES, _REVISIONS, bindparam("after", type_=ARRAY(BigInteger())))

_INSERT = (
    text(f"""
        insert into predictions as prediction
            (record_id, content_hash, revision, model_version_id, pipeline_version,
             output, raw_output, latency_ms, expires_at)
        select record_id, content_hash, revision, :model_version_id, :pipeline_version,
               cast(output as json), cast(raw_output as json), latency_ms,
               now() + make_interval(secs => cast(:ttl as float8))
        from unnest(:record_ids, :content_hashes, :revisions, :outputs, :raw_outputs, :latencies)
            as computed (record_id, content_hash, revision, output, raw_output, latency_ms)
        order by record_id
        on conflict (record_id, model_version_id, content_hash, pipeline_version, revision)
            where superseded_at is null do nothing
        returning record_id, {ENTRY_COLUMNS}
    """)
    .bindparams(_IDS, _HASHES, _REVISIONS, _OUTPUTS, _RAW_OUTPUTS, _LATENCIES)
    .columns(output=JSON())
)

_READ = (
    text(f"""
        select wanted.record_id, {ENTRY_COLUMNS}
        from model_versions version
        cross join unnest(:record_ids, :content_hashes, :revisions)
            as wanted (record_id, content_hash, revision)
        cross join {prediction_of("wanted.content_hash", "wanted.revision")}
        where version.id = :model_version_id
    """)
    .bindparams(_IDS, _HASHES, _REVISIONS)
    .columns(output=JSON())
)


async def store(
    session: AsyncSession, scope: Scope, rows: Sequence[NewPrediction], *, ttl: float | None
) -> dict[str, CachedPrediction]:
    """Insert predictions, each under the revision that answered. Where another one landed first that one
    stays: what comes back is what is stored."""
    stored = await _insert(session, scope, rows, ttl)
    if left := [row for row in rows if row.record_id not in stored]:
        # In their way is what they supersede, or what another process stored.
        await session.execute(_SUPERSEDE, _keys(scope, left) | {"after": [row.after for row in left]})
        stored |= await _insert(session, scope, left, ttl)
        stored |= await _entries(session, _READ, _keys(scope, left))
    return stored


async def _insert(
    session: AsyncSession, scope: Scope, rows: Sequence[NewPrediction], ttl: float | None
) -> dict[str, CachedPrediction]:
    outputs: dict[str, object] = {
        "outputs": [dump_json(row.output) for row in rows],
        "raw_outputs": [dump_json(row.raw_output) for row in rows],
        "latencies": [row.latency_ms for row in rows],
        "ttl": ttl,
    }
    return await _entries(session, _INSERT, _keys(scope, rows) | outputs)


async def _entries(
    session: AsyncSession, statement: TextualSelect, values: Mapping[str, object]
) -> dict[str, CachedPrediction]:
    found = (await session.execute(statement, values)).mappings()
    return {row["record_id"]: entry for row in found if (entry := entry_of(row)) is not None}


def _keys(scope: Scope, rows: Sequence[NewPrediction]) -> dict[str, object]:
    return {
        "record_ids": [row.record_id for row in rows],
        "content_hashes": [row.content_hash for row in rows],
        "revisions": [row.revision for row in rows],
        "model_version_id": scope.model_version_id,
        "pipeline_version": scope.pipeline_version,
    }
