"""What all programs share: Postgres, filled through the service and by SQL, and an endpoint."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path

import asyncpg
import httpx
import psutil
from pydantic import SecretStr
from sqlalchemy import make_url

from app.core.logging import configure_logging
from app.core.settings import Settings
from app.db import migrate
from app.local import postgres
from app.local.demo_place import environment
from app.local.endpoint_process import running_endpoint
from app.local.postgres import LocalPostgres
from app.local.postgres.cluster import APP_ROLE, SUPERUSER, Cluster
from benchmarks.speed import made_up
from benchmarks.speed.programs import SERVER_CORE, Program, running
from examples.transit import train
from tests.support.demo import wait_until_gone
from tests.support.settings import IsolatedSettings

MODEL = "transit-time"
LOGS = {"LOG_FORMAT": "json", "LOG_LEVEL": "INFO"}
"""As in production: a line for each request."""


@dataclass(frozen=True)
class Endpoint:
    """Where a version is hosted; ``options`` are further ones of the version's."""

    url: str
    name: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """``folder`` is for logs and lists; it and the server go with the place."""

    folder: Path
    server: LocalPostgres

    def postgres_process(self) -> psutil.Process:
        lines = (self.server.root / "cluster" / "data" / "postmaster.pid").read_text().splitlines()
        return psutil.Process(int(lines[0]))

    def superuser_url(self, database: str = "app") -> str:
        password = Cluster(self.server.root / "cluster").password(SUPERUSER)
        url = make_url(self.server.url(database)).set(username=SUPERUSER, password=password)
        return url.render_as_string(hide_password=False)

    async def version(self) -> str:
        connection = await asyncpg.connect(self.server.owner_url())
        try:
            return str(await connection.fetchval("show server_version"))
        finally:
            await connection.close()

    @contextmanager
    def database(
        self, name: str, *, endpoint: Endpoint | None = None, hits: int = 0, misses: int = 0
    ) -> Iterator["Stocked"]:
        """A database of its own with a live version, on an endpoint that answers at once if none is given,
        and made-up records: ``hits`` with a prediction each, ``misses`` without."""
        with ExitStack() as stack:
            used = endpoint or stack.enter_context(paced(self.folder, f"endpoint-{name}"))
            yield self.stock(name, used, hits=hits, misses=misses)

    def stock(self, name: str, endpoint: Endpoint, *, hits: int, misses: int) -> "Stocked":
        asyncio.run(_create(self.superuser_url(), name))
        url = self.server.url(name)
        asyncio.run(migrate.upgrade(IsolatedSettings(database_url=SecretStr(url))))
        stocked = Stocked(self, name, url, environment(url, endpoint.url) | LOGS)
        with ours(stocked, "ours-at-first") as service:
            register(service, endpoint)
            pipeline_version = asyncio.run(made_up.stock(url, service.url, hits=hits, misses=misses))
        stocked.peers.update(stocked.variables, DSN=url, MODEL=MODEL, PIPELINE_VERSION=pipeline_version)
        return stocked


@dataclass(frozen=True)
class Stocked:
    """A filled database; ``variables`` are the service's environment, ``peers`` theirs."""

    place: Place
    name: str
    url: str
    variables: Mapping[str, str]
    peers: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def fresh(self, wanted: int) -> list[str]:
        """Ids of records that nobody has asked for."""
        return [made_up.miss_id(number) for number in islice(self.numbers, wanted)]


@contextmanager
def open_place() -> Iterator[Place]:
    """Postgres in a folder on the disk, since commits are to be durable; ended and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        outer = Path(name)
        outer.chmod(0o711)  # the server's account has to pass through, where this runs as root
        (outer / "data").mkdir()
        settings: Settings = IsolatedSettings(database_url=SecretStr("postgresql://"), log_level="WARNING")
        configure_logging(settings)
        with postgres.start(outer / "data" / "postgres") as server:
            yield Place(outer / "data", server)
        wait_until_gone(outer)


async def _create(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f'create database "{name}" owner {APP_ROLE}')
    finally:
        await connection.close()


@contextmanager
def ours(
    stocked: Stocked,
    name: str = "ours",
    *,
    processes: int = 1,
    variables: Mapping[str, str] | None = None,
    core: int | None = SERVER_CORE,
) -> Iterator[Program]:
    """The service on a database, with everything on."""
    command = [sys.executable, "-m", "app", "serve", "--port", "{port}", "--workers", str(processes)]
    with running(
        name,
        command,
        {**stocked.variables, **(variables or {})},
        stocked.place.folder,
        ready="/health/ready",
        below=300,
        core=core,
    ) as program:
        yield program


@contextmanager
def paced(
    folder: Path, name: str, *, call_ms: float = 0, row_ms: float = 0, one_at_a_time: bool = False
) -> Iterator[Endpoint]:
    """An endpoint that takes so long for a call, and so long more for a row."""
    command = [sys.executable, "-m", "benchmarks.speed.paced_endpoint", "--port", "{port}"]
    command += ["--call-ms", str(call_ms), "--row-ms", str(row_ms)]
    command += ["--one-at-a-time"] if one_at_a_time else []
    with running(name, command, {}, folder, ready="/ping", core=None) as program:
        yield Endpoint(program.url, "paced")


@contextmanager
def local_endpoint(folder: Path) -> Iterator[Endpoint]:
    """The project's own endpoint, with version 2 of the example."""
    artifacts = folder / "artifacts"
    artifacts.mkdir(exist_ok=True)
    name = train.build(artifacts, "2").name
    with running_endpoint("transit", str(artifacts), folder / "cache") as url:
        yield Endpoint(url, "transit", {"target_model": name})


def register(service: Program, endpoint: Endpoint) -> None:
    """Make the example's version 2 live."""
    version = {
        "version": "2",
        "backend": "sagemaker",
        "options": {"endpoint_name": endpoint.name, **endpoint.options},
        "features": train.VERSIONS["2"],
        "promote": True,
    }
    httpx.post(f"{service.url}/models/{MODEL}/versions", json=version, timeout=60).raise_for_status()
