"""The loaded models; the least recently used make room for others."""

import asyncio
import itertools
import logging
import shutil
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from app.local.endpoint.artifacts.sources import Source
from app.local.endpoint.artifacts.unpack import fetch
from app.local.endpoint.errors import EndpointError
from app.local.endpoint.model import HostedModel

log = logging.getLogger(__name__)

ArtifactKey = tuple[str, str, str, int]


@dataclass
class CachedArtifact:
    """One artifact that is loading or loaded. It is not evicted while it has users."""

    name: str
    folder: Path
    loading: asyncio.Task[HostedModel]
    size: int = 0
    users: int = 0


class ModelCache:
    """Loads each artifact once, however many ask for it, and keeps it within a budget of unpacked bytes.

    An artifact replaced under the same name is seen when it is loaded again after an eviction or a restart,
    never before. What SageMaker does then is not defined, so callers should use a new name instead.
    """

    def __init__(self, folder: Path, budget: int, load_seconds: float) -> None:
        self._folder, self._budget, self._load_seconds = folder, budget, load_seconds
        self._entries: OrderedDict[ArtifactKey, CachedArtifact] = OrderedDict()
        self._used = 0
        self._changed = asyncio.Event()
        self._numbers = itertools.count(1)

    def acquire(self, source: Source, name: str, fleet: int = 0) -> CachedArtifact:
        """The artifact's entry, with one more user; whoever acquires it releases it. Another fleet (of
        instances that were deployed at another time) has fetched its own."""
        key = (source.bucket, source.prefix, name, fleet)
        if key not in self._entries:
            folder = self._folder / str(next(self._numbers))
            loading = asyncio.create_task(self._load(key, source, name, folder))
            loading.add_done_callback(_log_failure)
            self._entries[key] = CachedArtifact(name, folder, loading)
        self._entries.move_to_end(key)
        entry = self._entries[key]
        entry.users += 1
        return entry

    def release(self, entry: CachedArtifact) -> None:
        entry.users -= 1
        self._changed.set()

    async def ready(self, entry: CachedArtifact) -> HostedModel:
        """The loaded model. ModelNotReadyException when that takes too long; the loading goes on."""
        done, _ = await asyncio.wait([entry.loading], timeout=self._load_seconds)
        if not done:
            message = f"Model {entry.name} is not ready for inference. Please retry."
            raise EndpointError(429, "ModelNotReadyException", message)
        return entry.loading.result()

    async def _load(self, key: ArtifactKey, source: Source, name: str, folder: Path) -> HostedModel:
        try:
            size = await asyncio.to_thread(fetch, source, name, folder, self._budget)
            await self._make_room(size)
            self._entries[key].size = size
            self._used += size
            return await asyncio.to_thread(HostedModel, folder)
        except BaseException:
            self._drop(key)
            raise
        finally:
            self._changed.set()

    async def _make_room(self, size: int) -> None:
        while self._used + size > self._budget:
            idle = (key for key, entry in self._entries.items() if not entry.users and entry.loading.done())
            key = next(idle, None)
            if key is None:
                self._changed.clear()
                await self._changed.wait()
            else:
                self._entries[key].loading.result().unload()
                self._drop(key)

    def _drop(self, key: ArtifactKey) -> None:
        entry = self._entries.pop(key)
        self._used -= entry.size
        shutil.rmtree(entry.folder, ignore_errors=True)  # what stays goes with the parent folder


def _log_failure(loading: asyncio.Task[HostedModel]) -> None:
    if not loading.cancelled() and (error := loading.exception()):
        log.warning("a model could not be loaded: %s", error)
