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
    """What all keys of one call share: the model version, the code around it, and the epoch of what is noted
    to be in service."""

    model_version_id: int
    pipeline_version: str
    epoch: int


@dataclass(frozen=True)
class CachedPrediction:
    """A stored prediction. ``age`` is in seconds, by the database's clock."""

    id: int
    record_id: str
    output: JsonValue
    revision: str
    computed_at: datetime
    age: float


@dataclass(frozen=True)
class Lookup:
    """One record as the lookup found it. ``content_hash`` is None where there is no such record;
    ``payload`` is only read where it is needed to infer; ``asked_at`` is by the database's clock."""

    record_id: str
    version_id: int | None
    version: str | None
    epoch: int
    content_hash: str | None
    payload: JsonValue
    entry: CachedPrediction | None
    asked_at: datetime


_IDS = bindparam("record_ids", type_=ARRAY(Text()))

ENTRY_COLUMNS = """
    prediction.id as prediction_id, prediction.record_id as answered_for, prediction.output,
    prediction.computed_at, prediction.revision as answered_by,
    cast(extract(epoch from now() - prediction.computed_at) as float8) as age
"""

NEWEST_ID = "(select last_value - (not is_called)::int from predictions_id_seq)"
"""The id of the newest prediction, or of a later one that is not stored yet; 0 where there was none."""

YOUNG = "(cast(:ttl as float8) is null or computed_at > now() - make_interval(secs => cast(:ttl as float8)))"
"""By the TTL of the process that asks, whatever it was when the prediction was computed."""


def prediction_of(content_hash: str, revisions: str, condition: str, *, end: str = "limit 1") -> str:
    """A lateral join, called prediction: one of `version` for a content that is not superseded.

    The subquery is a fence, so that each key is looked up by itself in the unique index. Without it the
    planner may begin with all predictions of the version, which its statistics, made before that version
    was used, take for none. Of a revision that is one of several it would take the search for dear.
    """
    return f"""
        lateral (
            select id, record_id, output, computed_at, revision from predictions
            where model_version_id = version.id
              and content_hash = {content_hash} and pipeline_version = :pipeline_version
              and array_position({revisions}, revision) is not null
              and superseded_at is null and {condition}
            {end}
        ) prediction
    """


# The newest, where several revisions are in service and have answered. Not `id` itself: the planner would
# take the order from the primary key, and read the table from its end.
_HIT = prediction_of(
    "record.content_hash",
    "version.revisions",
    f"record_id = wanted.record_id and {YOUNG}",
    end="order by id + 0 desc limit 1",
)


def _lookup(version_join: str) -> str:
    return f"""
        select wanted.record_id, version.id as version_id, version.version,
               coalesce(version.epoch, 0) as epoch, record.content_hash, {ENTRY_COLUMNS}, now() as asked_at,
               case when prediction.id is null or :refresh then record.payload end as payload
        from models model
        left join model_versions version on {version_join}
        cross join unnest(:record_ids) with ordinality as wanted (record_id, position)
        left join input_objects record on record.id = wanted.record_id
        left join {_HIT} on true
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
    ttl: float | None,
    refresh: bool,
) -> list[Lookup]:
    """Records, version and cached predictions in one statement by primary keys, in the order of the ids.

    ``version`` None means the live one; ``ttl`` is in seconds. Empty if there is no such model.
    """
    values = {"record_ids": list(record_ids), "model": model, "pipeline_version": pipeline_version}
    statement = _LOOKUP_LIVE if version is None else _LOOKUP_NAMED
    named = {} if version is None else {"version": version}
    rows = await session.execute(statement, values | named | {"refresh": refresh, "ttl": ttl})
    return [
        Lookup(
            record_id=row["record_id"],
            version_id=row["version_id"],
            version=row["version"],
            epoch=row["epoch"],
            content_hash=row["content_hash"],
            payload=row["payload"],
            entry=entry_of(row),
            asked_at=row["asked_at"],
        )
        for row in rows.mappings()
    ]


def entry_of(row: RowMapping) -> CachedPrediction | None:
    """The prediction of a row with ENTRY_COLUMNS."""
    if row["prediction_id"] is None:
        return None
    return CachedPrediction(
        id=row["prediction_id"],
        record_id=row["answered_for"],
        output=row["output"],
        revision=row["answered_by"],
        computed_at=row["computed_at"],
        age=row["age"],
    )
