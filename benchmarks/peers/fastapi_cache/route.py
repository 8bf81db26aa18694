"""fastapi-cache2 on Redis, before the route of pydantic_route. It caches what GET answers.

Runs in a venv of its own, with REDIS_URL.
"""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from fastapi import FastAPI, HTTPException
from fastapi_cache import FastAPICache
from fastapi_cache.backends.redis import RedisBackend
from fastapi_cache.decorator import cache
from redis import asyncio as redis

from benchmarks.peers.database import AS_COLUMNS, MODEL, PIPELINE_VERSION, Pool, open_pool
from benchmarks.peers.pydantic_route import Hit

Route: TypeAlias = Callable[[str], Awaitable[Hit]]
POOLS: list[Pool] = []
CACHED: Callable[[Route], Route] = cache(expire=3600)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    POOLS.append(await open_pool())
    FastAPICache.init(RedisBackend(redis.from_url(os.environ["REDIS_URL"])), prefix="peer")
    yield


app = FastAPI(lifespan=_lifespan)


@app.get("/predict/{record_id}")
@CACHED
async def predict(record_id: str) -> Hit:
    row = await POOLS[0].fetchrow(AS_COLUMNS, MODEL, record_id, PIPELINE_VERSION)
    if row is None:
        raise HTTPException(404)
    return Hit.model_validate({**row, "prediction": json.loads(row["prediction"])})
