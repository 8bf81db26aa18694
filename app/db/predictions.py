"""The log of predictions, whose current rows are the cache."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import JSON, BigInteger, Float, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.cache import ENTRY_COLUMNS, Entry, Scope, entry_of
from app.db.engine import dump_json


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

_SUPERSEDE = text("""
    update predictions set superseded_at = now()
    from unnest(:record_ids, :content_hashes, :revisions, :after)
        as wanted (record_id, content_hash, revision, after)
    where predictions.record_id = wanted.record_id and predictions.content_hash = wanted.content_hash
      and predictions.revision = wanted.revision and model_version_id = :model_version_id
      and pipeline_version = :pipeline_version and superseded_at is null
      and (expires_at <= now() or predictions.id <= wanted.after)
""").bindparams(_IDS, _HASHES, _REVISIONS, bindparam("after", type_=ARRAY(BigInteger())))

_INSERT = text("""
    insert into predictions (record_id, content_hash, revision, model_version_id, pipeline_version,
                             output, raw_output, latency_ms, expires_at)
    select record_id, content_hash, revision, :model_version_id, :pipeline_version,
           cast(output as json), cast(raw_output as json), latency_ms,
           now() + make_interval(secs => cast(:ttl as float8))
    from unnest(:record_ids, :content_hashes, :revisions, :outputs, :raw_outputs, :latencies)
        as computed (record_id, content_hash, revision, output, raw_output, latency_ms)
    order by record_id
    on conflict (record_id, model_version_id, content_hash, pipeline_version, revision)
        where superseded_at is null do nothing
""").bindparams(_IDS, _HASHES, _REVISIONS, _OUTPUTS, _RAW_OUTPUTS, _LATENCIES)

_READ = (
    text(f"""
        select wanted.record_id, {ENTRY_COLUMNS}
        from unnest(:record_ids, :content_hashes, :revisions) as wanted (record_id, content_hash, revision)
        join predictions prediction
          on prediction.record_id = wanted.record_id and prediction.content_hash = wanted.content_hash
         and prediction.revision = wanted.revision and prediction.model_version_id = :model_version_id
         and prediction.pipeline_version = :pipeline_version and prediction.superseded_at is null
    """)
    .bindparams(_IDS, _HASHES, _REVISIONS)
    .columns(output=JSON())
)


async def store(
    session: AsyncSession, scope: Scope, rows: Sequence[NewPrediction], *, ttl: float | None
) -> dict[str, Entry]:
    """Insert predictions, each under the revision that answered. Where another one landed first that one
    stays: what comes back is what is stored."""
    values: dict[str, object] = {
        "record_ids": [row.record_id for row in rows],
        "content_hashes": [row.content_hash for row in rows],
        "revisions": [row.revision for row in rows],
        "model_version_id": scope.model_version_id,
        "pipeline_version": scope.pipeline_version,
    }
    await session.execute(_SUPERSEDE, values | {"after": [row.after for row in rows]})
    outputs = {
        "outputs": [dump_json(row.output) for row in rows],
        "raw_outputs": [dump_json(row.raw_output) for row in rows],
        "latencies": [row.latency_ms for row in rows],
    }
    await session.execute(_INSERT, values | outputs | {"ttl": ttl})
    stored = (await session.execute(_READ, values)).mappings()
    return {row["record_id"]: entry for row in stored if (entry := entry_of(row)) is not None}
