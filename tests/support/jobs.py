"""Prediction jobs in this process: small chunks, and the queue's tasks run by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import JsonValue
from sqlalchemy import select, text

from app.core.settings import Settings
from app.db.engine import Sessions
from app.db.jobs import jobs as rows
from app.db.tables import PredictionJobChunkRow
from app.schemas.jobs.jobs import PredictionJob, PredictionJobRequest
from app.services.jobs import jobs
from app.services.records import records
from app.services.runtime import Runtime, open_runtime
from tests.support.orders import order, prepare
from tests.support.use_case import TRANSIT


@asynccontextmanager
async def runtime_with_orders(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, count: int
) -> AsyncIterator[Runtime]:
    """A live model, ``count`` orders r0, r1, ... with the ratios 0, 1, ..., and chunks of three records."""
    monkeypatch.setattr(rows, "RECORDS_PER_CHUNK", 3)
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        sessions = runtime.database.transactions
        await records.delete(sessions, "a")
        for index in range(count):
            await records.put(sessions, TRANSIT, f"r{index}", order(float(index)))
        yield runtime


async def ask(runtime: Runtime, **request: JsonValue) -> PredictionJob:
    """A job of the model `transit`."""
    wanted = PredictionJobRequest.model_validate({"model": "transit"} | request)
    return await jobs.ask(runtime.database.transactions, TRANSIT, runtime.settings, wanted)


async def look(runtime: Runtime, job: PredictionJob) -> PredictionJob:
    return await jobs.get(runtime.database.transactions, job.id)


async def queued(sessions: Sessions, task: str = "predict_chunk") -> list[int]:
    """What the queue's tasks of this name are about, in their order."""
    async with sessions() as session:
        payloads = await session.scalars(
            text("select convert_from(payload, 'UTF8') from pgqueuer where entrypoint = :task order by id"),
            {"task": task},
        )
        return [int(one) for one in payloads]


async def chunk_of(runtime: Runtime, chunk_id: int) -> PredictionJobChunkRow:
    async with runtime.database.transactions() as session:
        query = select(PredictionJobChunkRow).where(PredictionJobChunkRow.id == chunk_id)
        return (await session.scalars(query)).one()
