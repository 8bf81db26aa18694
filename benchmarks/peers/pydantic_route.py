"""FastAPI as its documentation has it, on asyncpg: a dependency, one SELECT, a pydantic response."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, JsonValue

from benchmarks.peers.database import AS_COLUMNS, MODEL, PIPELINE_VERSION, Pool, open_pool


class Hit(BaseModel):
    """As the service answers it."""

    record_id: str
    content_hash: str
    prediction: JsonValue
    cached: bool
    model: str
    version: str
    revision: str
    computed_at: datetime


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await open_pool()
    yield


async def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.pool
    return pool


app = FastAPI(lifespan=_lifespan)


@app.post("/predict/{record_id}")
async def predict(record_id: str, pool: Annotated[Pool, Depends(_pool)]) -> Hit:
    row = await pool.fetchrow(AS_COLUMNS, MODEL, record_id, PIPELINE_VERSION)
    if row is None:
        raise HTTPException(404)
    return Hit.model_validate({**row, "prediction": json.loads(row["prediction"])})
