"""The service's reading routes on bare Starlette: the same service functions without FastAPI and middleware.

Below ``/sql`` the same routes with one SELECT on asyncpg, the JSON made by Postgres.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.settings import Settings
from app.services.predictions import history
from app.services.predictions.history import PredictionSearch
from app.services.records import records
from app.services.runtime import open_runtime
from benchmarks.peers.database import open_pool

RECORD = """
    select json_build_object(
        'id', record.id, 'input', payload, 'content_hash', content_hash, 'created_at', created_at,
        'updated_at', updated_at,
        'label', case when label.record_id is null then null
                 else json_build_object('value', value, 'observed_at', observed_at) end
    )::text
    from input_objects record left join labels label on label.record_id = record.id where record.id = $1
"""
HISTORY = """
    select json_build_object('items', coalesce(json_agg(item), '[]'), 'next_cursor', null)::text from (
        select prediction.id, record_id, content_hash, model.name as model, version, prediction.revision,
               variant, source_id, pipeline_version, output as prediction, raw_output, latency_ms,
               computed_at, expires_at, superseded_at
        from predictions prediction
        join model_versions version on version.id = model_version_id
        join models model on model.id = version.model_id
        where record_id = $1 order by prediction.id desc limit 100
    ) item
"""


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    settings = Settings(database_url=os.environ["DSN"])
    async with open_runtime(settings) as runtime:
        app.state.sessions, app.state.pool = runtime.sessions, await open_pool()
        yield


async def record(request: Request) -> Response:
    return _said(await records.get(request.app.state.sessions, request.path_params["record_id"]))


async def predictions(request: Request) -> Response:
    search = PredictionSearch(record_id=request.query_params["record_id"])
    return _said(await history.page(request.app.state.sessions, search, limit=100, cursor=None))


async def record_by_sql(request: Request) -> Response:
    return await _found(request, RECORD, request.path_params["record_id"])


async def predictions_by_sql(request: Request) -> Response:
    return await _found(request, HISTORY, request.query_params["record_id"])


def _said(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")


async def _found(request: Request, statement: str, record_id: str) -> Response:
    found = await request.app.state.pool.fetchval(statement, record_id)
    return Response(found or "{}", 200 if found else 404, media_type="application/json")


app = Starlette(
    routes=[
        Route("/records/{record_id:path}", record),
        Route("/predictions", predictions),
        Route("/sql/records/{record_id:path}", record_by_sql),
        Route("/sql/predictions", predictions_by_sql),
    ],
    lifespan=_lifespan,
)
