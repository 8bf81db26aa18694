"""The cache lookup: record, model version and prediction in one statement by primary keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import JSON, RowMapping, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Scope:
    """What all keys of one call share: the model version, the code around it, and what is deployed."""

    model_version_id: int
    pipeline_version: str
    revision: str


@dataclass(frozen=True)
class CachedPrediction:
    """A cached prediction. ``age`` is in seconds, by the database's clock."""

    id: int
    output: JsonValue
    revision: str
    computed_at: datetime
    age: float


@dataclass(frozen=True)
class Lookup:
    """One record as the lookup found it. ``content_hash`` is None where there is no such record;
    ``payload`` is only read where it is needed to infer."""

    record_id: str
    version_id: int | None
    version: str | None
    revision: str
    content_hash: str | None
    payload: JsonValue
    entry: CachedPrediction | None


_IDS = bindparam("record_ids", type_=ARRAY(Text()))

ENTRY_COLUMNS = """
    prediction.id as prediction_id, prediction.output, prediction.computed_at,
    prediction.revision as answered_by,
    cast(extract(epoch from now() - prediction.computed_at) as float8) as age
"""


CURRENT = "(expires_at is null or expires_at > now())"


def prediction_of(content_hash: str, revision: str, condition: str = "true") -> str:
    """A lateral join, called prediction: the one that `wanted` has from `version` and is not superseded.

    The subquery is a fence, so that each key is looked up by itself in the unique index. Without it the
    planner may begin with all predictions of the version, which its statistics, made before that version
    was used, take for none.
    """
    return f"""
        lateral (
            select id, output, computed_at, revision from predictions
            where record_id = wanted.record_id and model_version_id = version.id
              and content_hash = {content_hash} and pipeline_version = :pipeline_version
              and revision = {revision} and superseded_at is null and {condition}
            limit 1
        ) prediction
    """


def _lookup(version_join: str) -> str:
    return f"""
        select wanted.record_id, version.id as version_id, version.version,
               coalesce(version.revision, '') as revision, record.content_hash, {ENTRY_COLUMNS},
               case when prediction.id is null or :refresh then record.payload end as payload
        from models model
        left join model_versions version on {version_join}
        cross join unnest(:record_ids) with ordinality as wanted (record_id, position)
        left join input_objects record on record.id = wanted.record_id
        left join {prediction_of("record.content_hash", "version.revision", CURRENT)} on true
        where model.name = :model
        order by wanted.position
    """


_COLUMNS = {"output": JSON(), "payload": JSONB()}
_LOOKUP_LIVE = text(_lookup("version.id = model.live_version_id")).bindparams(_IDS).columns(**_COLUMNS)
_LOOKUP_NAMED = (
    text(_lookup("version.model_id = model.id and version.version = :version"))
    .bindparams(_IDS)
    .columns(**_COLUMNS)
)


async def look_up(
    session: AsyncSession,
    record_ids: Sequence[str],
    *,
    model: str,
    version: str | None,
    pipeline_version: str,
    refresh: bool,
) -> list[Lookup]:
    """Records, version and cached predictions in one statement by primary keys, in the order of the ids.

    ``version`` None means the live one. Empty if there is no such model.
    """
    values = {"record_ids": list(record_ids), "model": model, "pipeline_version": pipeline_version}
    statement = _LOOKUP_LIVE if version is None else _LOOKUP_NAMED
    named = {} if version is None else {"version": version}
    rows = await session.execute(statement, values | named | {"refresh": refresh})
    return [
        Lookup(
            record_id=row["record_id"],
            version_id=row["version_id"],
            version=row["version"],
            revision=row["revision"],
            content_hash=row["content_hash"],
            payload=row["payload"],
            entry=entry_of(row),
        )
        for row in rows.mappings()
    ]


def entry_of(row: RowMapping) -> CachedPrediction | None:
    if row["prediction_id"] is None:
        return None
    return CachedPrediction(
        id=row["prediction_id"],
        output=row["output"],
        revision=row["answered_by"],
        computed_at=row["computed_at"],
        age=row["age"],
    )
