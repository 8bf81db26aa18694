"""The service's plain routes as one would write them on bare Starlette.

The same statements through SQLAlchemy, the same JSON, nothing checked. ``DSN`` says where the database is.
"""

import hashlib
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.db.server.connecting import connect

Found: TypeAlias = Row[*tuple[object, ...]]
POOL_SIZE = 10
RECORD = """
    select id, payload, content_hash, created_at, updated_at, value, observed_at
    from input_objects left join labels on record_id = id
"""
ONE = text(f"{RECORD} where id = :id")
PAGE = text(f"{RECORD} where id > :after order by id limit :limit")
WRITE = text("""
    insert into input_objects (id, payload, content_hash) values (:id, cast(:payload as jsonb), :content_hash)
    on conflict (id) do update set id = excluded.id returning content_hash, xmax = 0 as created
""")
REPLACE = text("""
    update input_objects
    set payload = cast(:payload as jsonb), content_hash = :content_hash, updated_at = now()
    where id = :id
""")
PREDICTIONS = text("""
    select predictions.id, record_id, content_hash, models.name as model, version, predictions.revision,
        variant, source_id, pipeline_version, output as prediction, raw_output, latency_ms, computed_at,
        expires_at, superseded_at
    from predictions join model_versions on model_versions.id = model_version_id
    join models on models.id = model_id order by predictions.id desc limit :limit
""")


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={"async_creator_fn": lambda: connect(os.environ["DSN"])},
        pool_size=POOL_SIZE,
        max_overflow=0,
    )
    app.state.engine, app.state.reading = engine, engine.execution_options(isolation_level="AUTOCOMMIT")
    yield
    await engine.dispose()


async def get_record(request: Request) -> Response:
    [found] = await _rows(request, {"id": request.path_params["record_id"]}, ONE)
    return _json(_record(found), {"ETag": f'"{found.content_hash}"'})


async def list_records(request: Request) -> Response:
    limit = int(request.query_params["limit"])
    found = await _rows(request, {"after": "", "limit": limit + 1}, PAGE)
    return _json({"items": [_record(row) for row in found[:limit]], "next_cursor": found[-1].id})


async def list_predictions(request: Request) -> Response:
    limit = int(request.query_params["limit"])
    found = await _rows(request, {"limit": limit + 1}, PREDICTIONS)
    return _json({"items": [dict(row._mapping) for row in found[:limit]], "next_cursor": str(found[-1].id)})


async def put_record(request: Request) -> Response:
    payload = json.dumps(await request.json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    content_hash = hashlib.sha256(payload.encode()).hexdigest()
    given = {"id": request.path_params["record_id"], "payload": payload, "content_hash": content_hash}
    engine: AsyncEngine = request.app.state.engine
    async with engine.begin() as connection:
        stored = (await connection.execute(WRITE, given)).one()
        if stored.content_hash != content_hash:
            await connection.execute(REPLACE, given)
        found = (await connection.execute(ONE, {"id": given["id"]})).one()
    return _json(_record(found), {"ETag": f'"{content_hash}"'})


async def _rows(request: Request, given: Mapping[str, object], statement: object) -> Sequence[Found]:
    engine: AsyncEngine = request.app.state.reading
    async with engine.connect() as connection:
        return (await connection.execute(statement, given)).all()  # type: ignore[call-overload, no-any-return]


def _record(row: Found) -> dict[str, object]:
    label = None if row.observed_at is None else {"value": row.value, "observed_at": row.observed_at}
    return {
        **{"id": row.id, "input": row.payload, "content_hash": row.content_hash},
        **{"created_at": row.created_at, "updated_at": row.updated_at, "label": label},
    }


def _json(body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(body, default=_in_utc, ensure_ascii=False, separators=(",", ":"))
    return Response(text, headers=headers, media_type="application/json")


def _in_utc(moment: object) -> str:
    return str(getattr(moment, "isoformat")()).replace("+00:00", "Z")  # noqa: B009 - the only other type


app = Starlette(
    routes=[
        Route("/records", list_records),
        Route("/records/{record_id:path}", get_record),
        Route("/records/{record_id:path}", put_record, methods=["PUT"]),
        Route("/predictions", list_predictions),
    ],
    lifespan=_lifespan,
)
