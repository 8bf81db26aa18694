"""What the peers that ask Postgres share: the statement, the pool, and the life of both."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TypeAlias

import asyncpg

Message: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

SIZE = 4
"""Connections of a pool; more make nothing faster where Postgres has one core left."""

# The least that answers what a hit answers: the record, the live version, and the prediction of both. The
# subquery is a fence: each record is looked up by itself in the unique index, whatever statistics say.
PREDICTION = """(
    select id, output, computed_at, revision from predictions
    where content_hash = record.content_hash and model_version_id = version.id and pipeline_version = $3
      and record_id = record.id and revision = any(version.revisions) and superseded_at is null
    limit 1
)"""
ITEM = """json_build_object(
    'record_id', record.id, 'content_hash', record.content_hash, 'prediction', prediction.output,
    'cached', true, 'model', model.name, 'version', version.version, 'revision', prediction.revision,
    'computed_at', prediction.computed_at
)"""
LIVE = "models model join model_versions version on version.id = model.live_version_id"
ONE = f"""
    from {LIVE} join input_objects record on record.id = $2 cross join lateral {PREDICTION} prediction
    where model.name = $1
"""
AS_JSON = f"""
    select {ITEM}::text as item, prediction.id, extract(epoch from now() - prediction.computed_at)::int as age
    {ONE}
"""
"""The whole answer as JSON, the prediction's id, and its age in seconds."""
AS_COLUMNS = f"""
    select record.id as record_id, record.content_hash, prediction.output::text as prediction, true as cached,
           model.name as model, version.version, prediction.revision, prediction.computed_at {ONE}
"""
AS_JSON_ARRAY = f"""
    select json_build_object('items', json_agg({ITEM} order by wanted.position))::text
    from {LIVE}
    cross join unnest($2::text[]) with ordinality as wanted (record_id, position)
    join input_objects record on record.id = wanted.record_id
    cross join lateral {PREDICTION} prediction
    where model.name = $1
"""

MODEL = os.environ.get("MODEL", "")
PIPELINE_VERSION = os.environ.get("PIPELINE_VERSION", "")


async def keep(_: object) -> None:
    """In place of the query that resets a connection at release: nothing here changes a session's state."""


async def open_pool() -> Pool:
    return await asyncpg.create_pool(os.environ["DSN"], min_size=SIZE, max_size=SIZE, reset=keep)


async def live(receive: Receive, send: Send, start: Callable[[], Awaitable[object]]) -> None:
    """Answer a server's lifespan, with ``start`` at its beginning."""
    while (await receive())["type"] == "lifespan.startup":
        await start()
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    kind = (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*kind, *headers]})
    await send({"type": "http.response.body", "body": body})
