"""The usual way: FastAPI and SQLAlchemy's ORM, a session a request."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from sqlalchemy import make_url, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.db.tables import InputObjectRow, ModelRow, ModelVersionRow, PredictionRow
from benchmarks.peers.database import MODEL, PIPELINE_VERSION, SIZE
from benchmarks.peers.pydantic_route import Hit


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    url = make_url(os.environ["DSN"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, pool_size=SIZE, max_overflow=0)
    app.state.sessions = async_sessionmaker(engine)
    yield
    await engine.dispose()


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    sessions: async_sessionmaker[AsyncSession] = request.app.state.sessions
    async with sessions() as session:
        yield session


app = FastAPI(lifespan=_lifespan)


@app.post("/predict/{record_id}")
async def predict(record_id: str, session: Annotated[AsyncSession, Depends(_session)]) -> Hit:
    record = await session.get(InputObjectRow, record_id)
    live = ModelVersionRow.id == ModelRow.live_version_id
    query = select(ModelVersionRow).join(ModelRow, live).where(ModelRow.name == MODEL)
    version = await session.scalar(query)
    if record is None or version is None:
        raise HTTPException(404)
    found = await session.scalar(
        select(PredictionRow).where(
            PredictionRow.content_hash == record.content_hash,
            PredictionRow.model_version_id == version.id,
            PredictionRow.pipeline_version == PIPELINE_VERSION,
            PredictionRow.record_id == record.id,
            PredictionRow.revision.in_(version.revisions),
            PredictionRow.superseded_at.is_(None),
        )
    )
    if found is None:
        raise HTTPException(404)
    return Hit(
        record_id=record.id,
        content_hash=record.content_hash,
        prediction=found.output,
        cached=True,
        model=MODEL,
        version=version.version,
        revision=found.revision,
        computed_at=found.computed_at,
    )
