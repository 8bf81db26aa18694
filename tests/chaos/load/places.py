"""A database with a model and records, services on it, and what they hold there."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx

from tests.chaos.load.callers import Callers, session
from tests.support.eventually import TIMEOUT
from tests.support.orders import register, store
from tests.support.service import Service, running_service

ROOT = Path(__file__).parents[3]
AT_ONCE = 1000
APP = ("-m", "app")

_HELD = """
    select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
      and clock_timestamp() - state_change > interval '1 s'
"""
_LEFT = "select count(*) from content_claims where error is null"
_BACKENDS = """
    select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Place:
    """``model`` are the variables by which services find it; ``port`` is theirs, by default a free one."""

    database_url: str
    model: Mapping[str, str]
    folder: Path
    port: int | None = None

    @contextmanager
    def service(self, *program: str, **settings: object) -> Iterator[Service]:
        """On these settings; ``program`` is what Python runs, by default the app."""
        variables = {
            **{"DATABASE_URL": self.database_url, "DEFAULT_MODEL": "transit", "LOG_LEVEL": "WARNING"},
            **self.model,
            **{name.upper(): str(value) for name, value in settings.items()},
        }
        log = self.folder / "service.log"
        with running_service(ROOT, variables, log, program=program or APP, port=self.port) as service:
            yield service


async def fill(service: Service, ratios: Mapping[str, float]) -> None:
    """A model, and a record for each name."""
    async with httpx.AsyncClient(base_url=service.url, timeout=TIMEOUT) as client:
        await register(client, probe=False)
        names = list(ratios)
        for start in range(0, len(names), AT_ONCE):
            await store(client, {name: ratios[name] for name in names[start : start + AT_ONCE]})


@asynccontextmanager
async def calling(service: Service) -> AsyncIterator[Callers]:
    async with session() as opened:
        yield Callers(opened, service.url)


@dataclass(frozen=True)
class Held:
    """What services hold: connections for over a second, claims, and all connections."""

    connections: int
    claims: int
    open: int


async def held(database_url: str) -> Held:
    connection = await asyncpg.connect(database_url)
    try:
        found = [int(await connection.fetchval(query)) for query in (_HELD, _LEFT, _BACKENDS)]
    finally:
        await connection.close()
    return Held(*found)


def numbered(name: str, count: int, first: float = 0) -> dict[str, float]:
    """Records of a content of their own."""
    return {f"{name}{number}": first + number / 1_000_000 for number in range(count)}


def paths(names: Iterable[str]) -> list[str]:
    return [f"/predict/{name}" for name in names]
