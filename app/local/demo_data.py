"""What a new demo's database is filled with: the sample orders with their truths, and two model versions."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from app.core.settings import Settings
from app.db.engine import Sessions, create_engine, create_sessions
from app.local import sample
from app.schemas.models import NewVersion
from app.services import importer, models
from app.services.inference import Inference

ENDPOINT = "transit"
MODEL = "transit-time"
VERSIONS = ("1", "2")
"""Registered in this order; the last is live."""


async def fill(settings: Settings) -> None:
    """Load the orders and register the models, unless that was done: what its user changed since stays."""
    engine = create_engine(settings)
    sessions = create_sessions(engine)
    try:
        if not await _is_filled(sessions):
            await importer.import_records(sessions, _file(sample.DATA), file_format="csv")
            await _register(settings, sessions)
    finally:
        await engine.dispose()


async def _is_filled(sessions: Sessions) -> bool:
    """Whether a version is live, which comes last."""
    return any(model.live_version for model in await models.list_all(sessions) if model.model == MODEL)


async def _file(path: Path) -> AsyncIterator[bytes]:
    yield await asyncio.to_thread(path.read_bytes)


async def _register(settings: Settings, sessions: Sessions) -> None:
    inference = Inference(settings)
    try:
        for version in VERSIONS:
            await models.register(sessions, inference, MODEL, _new(version))
    finally:
        await inference.aclose()


def _new(version: str) -> NewVersion:
    return NewVersion(
        version=version,
        backend="sagemaker",
        options={"endpoint_name": ENDPOINT, "target_model": sample.artifact_name(version)},
        features=list(sample.VERSIONS[version]),
        promote=version == VERSIONS[-1],
    )
