"""Operations as callers ask for them, each in a transaction of its own, and as those who wait see them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from pydantic import JsonValue
from sqlalchemy import BigInteger, Boolean, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.direct import Direct, Statement
from app.db.predictions.cache import CachedPrediction
from app.db.predictions.scope import Scope
from app.schemas.access.callers import CURRENT, UNBOUND


@dataclass(frozen=True)
class NewOperation:
    """A content to be computed later. ``payload`` is JSON: the record may be another one by then."""

    record_id: str
    content_hash: str
    payload: JsonValue
    refresh: bool


@dataclass(frozen=True)
class Standing:
    """What there is for a content: an open operation, or one that failed a moment ago, with its error."""

    operation_id: int
    error: Mapping[str, JsonValue] | None


_HASHES = bindparam("content_hashes", type_=ARRAY(Text()))
_IN_SCOPE = """
    model_version_id = :model_version_id and pipeline_version = :pipeline_version
    and epoch = :epoch and record_prefix = :record_prefix
    and content_hash = any(array(select unnest(cast(:content_hashes as text[]))))
"""

# What is asked for anew is to take the place of what is there, though somebody else had asked first.
_RENEW = text(f"""
    update operations set refresh = true
    where {_IN_SCOPE} and state in ('queued', 'running') and not refresh
""").bindparams(_HASHES)

_FIND = text(f"""
    select content_hash, id, null as error from operations
    where {_IN_SCOPE} and state in ('queued', 'running')
    union all
    (select distinct on (content_hash) content_hash, id, cast(error as text) from operations
     where {_IN_SCOPE} and retry_at is not null and retry_at > now()
     order by content_hash, id desc)
""").bindparams(_HASHES)

# In the order of their contents: two who ask for the same ones wait for one another, and not in a circle.
_INSERT = text("""
    insert into operations
        (model_version_id, pipeline_version, epoch, record_prefix, key_id, submits,
         record_id, content_hash, payload, refresh, expires_at)
    select :model_version_id, :pipeline_version, :epoch, :record_prefix, :key_id, :submits,
           record_id, content_hash, cast(payload as jsonb), refresh, now() + make_interval(secs => :patience)
    from unnest(:record_ids, :content_hashes, :payloads, :refresh)
        as wanted (record_id, content_hash, payload, refresh)
    order by content_hash
    on conflict (content_hash, model_version_id, pipeline_version, epoch, record_prefix)
        where state in ('queued', 'running') do nothing
    returning content_hash, id
""").bindparams(
    _HASHES,
    bindparam("record_ids", type_=ARRAY(Text())),
    bindparam("payloads", type_=ARRAY(Text())),
    bindparam("refresh", type_=ARRAY(Boolean())),
    bindparam("key_id", type_=BigInteger()),
)
_DELETE = text("delete from operations where id = any(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(BigInteger()))
)

_LOOK = Statement("""
    select operation.id, operation.state, operation.record_id as begun_for, operation.pipeline_version,
           cast(operation.error as text) as error, prediction.id as prediction_id, prediction.record_id,
           cast(prediction.output as text) as output, prediction.revision, prediction.computed_at,
           date_part('epoch', now() - prediction.computed_at) as age
    from unnest(cast(:ids as bigint[])) as wanted (id)
    join operations operation on operation.id = wanted.id
    left join predictions prediction on prediction.id = operation.prediction_id
""")


class Looked(NamedTuple):
    """An operation, in the columns of the statement. ``begun_for`` is a record; ``error`` is JSON; what
    follows is null without a prediction."""

    id: int
    state: str
    begun_for: str
    pipeline_version: str
    error: str | None
    prediction_id: int | None
    record_id: str
    output: str
    revision: str
    computed_at: datetime
    age: float

    @property
    def entry(self) -> CachedPrediction | None:
        if self.prediction_id is None:
            return None
        return CachedPrediction(
            self.prediction_id, self.record_id, self.output, self.revision, self.computed_at, self.age
        )

    @property
    def failure(self) -> Mapping[str, JsonValue] | None:
        return None if self.error is None else cast(Mapping[str, JsonValue], json.loads(self.error))


async def find(
    session: AsyncSession, scope: Scope, hashes: Sequence[str], *, refresh: bool
) -> dict[str, Standing]:
    """By content, what is open, or has failed a moment ago. ``refresh``: what is open becomes one, too."""
    values = _values(scope, hashes)
    if refresh:
        await session.execute(_RENEW, values)
    rows = (await session.execute(_FIND, values)).all()
    found = [
        (content, Standing(number, json.loads(error) if error else None)) for content, number, error in rows
    ]
    # One that is open goes before the failure that it was begun after.
    return dict(sorted(found, key=lambda each: each[1].error is None))


async def insert(
    session: AsyncSession, scope: Scope, new: Sequence[NewOperation], *, submits: bool, patience: float
) -> dict[str, int]:
    """Those that nobody else has opened meanwhile: ids by content. ``patience`` is in seconds."""
    values = _values(scope, [one.content_hash for one in new]) | {
        "record_ids": [one.record_id for one in new],
        "payloads": [None if one.payload is None else json.dumps(one.payload) for one in new],
        "refresh": [one.refresh for one in new],
        "key_id": CURRENT.get().key_id,
        "submits": submits,
        "patience": patience,
    }
    return {row.content_hash: row.id for row in await session.execute(_INSERT, values)}


async def delete(session: AsyncSession, ids: Sequence[int]) -> None:
    """Those of this transaction that are not needed after all."""
    await session.execute(_DELETE, {"ids": list(ids)})


async def look(direct: Direct, ids: Sequence[int]) -> list[Looked]:
    """Where operations stand; those that are gone are left out."""
    rows = await direct.fetch(_LOOK, {"ids": list(ids)}, binding=UNBOUND)
    return [*map(Looked._make, rows)]


def _values(scope: Scope, hashes: Sequence[str]) -> dict[str, object]:
    return {**vars(scope), "content_hashes": list(hashes)}
