"""What a new demo's database is filled with: the sample orders with their truths, and two model versions."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from app.backends.registry import open_backend
from app.core.hosts import Hosts
from app.core.settings import Settings
from app.db.engine import Sessions, create_engine, create_sessions
from app.schemas.models import NewVersion
from app.services.inference import Inference
from app.services.models import versions
from app.services.records import importer
from app.services.use_case import load
from app.storage import Storage
from examples.transit import train

USE_CASE = "examples.transit"
ENDPOINT = "transit"
MODEL = "transit-time"
VERSIONS = ("1", "2")
"""Registered in this order; the last is live."""
ARTIFACTS = "models/"
"""Where the endpoint looks for them in the storage."""


async def put_artifacts(storage: Storage) -> None:
    """Train the versions that the storage lacks. One that is there stays: artifacts never change."""
    there = {entry.key for entry in await storage.list(ARTIFACTS)}
    for version in VERSIONS:
        key = ARTIFACTS + train.artifact_name(version)
        if key not in there:
            await storage.put(key, await asyncio.to_thread(train.artifact, version))


async def check_endpoint() -> None:
    """Raise BackendError if the endpoint cannot be reached or does not exist."""
    new = _new(VERSIONS[-1])
    backend = await asyncio.to_thread(
        open_backend, new.backend, new.options, new.features or (), concurrency=1, hosts=Hosts()
    )
    try:
        await backend.look()
    finally:
        await backend.aclose()


async def fill(settings: Settings) -> None:
    """Load the orders and register the models, unless that was done: what its user changed since stays."""
    engine = create_engine(settings)
    sessions = create_sessions(engine)
    try:
        if not await _is_filled(sessions):
            await importer.import_records(sessions, load(USE_CASE), _file(train.DATA), file_format="csv")
            await _register(settings, sessions)
    finally:
        await engine.dispose()


async def _is_filled(sessions: Sessions) -> bool:
    """Whether a version is live, which comes last."""
    return any(model.live_version for model in await versions.list_all(sessions) if model.model == MODEL)


async def _file(path: Path) -> AsyncIterator[bytes]:
    yield await asyncio.to_thread(path.read_bytes)


async def _register(settings: Settings, sessions: Sessions) -> None:
    inference = Inference(settings)
    try:
        for version in VERSIONS:
            await versions.register(sessions, load(USE_CASE), inference, MODEL, _new(version))
    finally:
        await inference.aclose()


def _new(version: str) -> NewVersion:
    return NewVersion(
        version=version,
        backend="sagemaker",
        options={"endpoint_name": ENDPOINT, "target_model": train.artifact_name(version)},
        features=list(train.VERSIONS[version]),
        promote=version == VERSIONS[-1],
    )
