"""A service with a platform whose answers say which revision made them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from pydantic import JsonValue

from app.backends import registry
from app.core.settings import Settings
from app.db.engine import Database, open_database
from app.schemas.models import NewVersion
from app.services.models import versions
from app.services.predictions.predictor import Answer, Ask
from app.services.records import records
from app.services.upkeep import revisions
from tests.trust import platform as fake
from tests.trust.platform import Platform
from tests.trust.processes import Process, start


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setitem(registry.BACKENDS, "platform", "tests.trust.platform")
    fresh = Platform()
    fresh.gate.set()
    monkeypatch.setattr(fake, "PLATFORM", fresh)
    return fresh


class Service:
    """One or more processes on a database, with records `r1` (1) and `r2` (2)."""

    backend = "platform"
    options: Mapping[str, JsonValue] = {"version": "1"}

    def __init__(self, settings: Settings, database: Database, processes: list[Process]) -> None:
        self.settings, self.database, self.processes = settings, database, processes

    async def register(self) -> None:
        runtime = self.processes[0].runtime
        options = dict(self.options)
        new = NewVersion(version="1", backend=self.backend, options=options, promote=True, probe=False)
        await versions.register(runtime.sessions, runtime.use_case, runtime.inference, "m", new)

    async def write(self, record: str, x: int) -> None:
        runtime = self.processes[0].runtime
        await records.put(runtime.sessions, runtime.use_case, record, {"x": x})

    async def predict(self, record: str, *, at: int = 0, refresh: bool = False) -> Answer:
        return await self.processes[at].predictor.predict(record, Ask("m", refresh=refresh))

    async def look(self) -> None:
        await revisions.refresh(self.processes[0].runtime, age=0)

    async def settle(self) -> None:
        for process in self.processes:
            await process.settle()


@asynccontextmanager
async def opened(settings: Settings, kind: type[Service] = Service) -> AsyncIterator[Service]:
    """Two processes, and a live version."""
    chosen = settings.model_copy(update={"failure_hold": 600.0, "claim_lease": 600.0})
    async with AsyncExitStack() as stack:
        database = open_database(chosen)
        stack.push_async_callback(database.aclose)
        made = kind(chosen, database, [await start(chosen, database, "c1") for _ in range(2)])
        for process in made.processes:
            stack.push_async_callback(process.aclose)
        for record, x in (("r1", 1), ("r2", 2)):
            await made.write(record, x)
        await made.register()
        yield made


@pytest.fixture
async def service(settings: Settings, platform: Platform) -> AsyncIterator[Service]:
    """The same, of a platform that serves `A`."""
    assert platform.serving == ["A"]
    async with opened(settings) as made:
        yield made
