"""Services and workers on an asynchronous endpoint, killed while it computes, and callers who come back."""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import create_direct_engine
from tests.support.ports import free_ports
from tests.support.workers import ROOT

SERVICE = "from app.cli import main\nmain(['serve', '--port', '{port}'])"
WORKER = "from app.cli import main\nmain(['worker'])"
EACH = 2
"""Services, and workers."""
LONGEST = 240.0
"""Seconds beyond those that the model takes; a bound, no measurement."""
LATER = {"Prefer": "respond-async"}
STATES = "select state, attempts from operations"
ROWS = "select count(*), count(distinct record_id) from predictions where source_id is null"


@dataclass
class Fleet:
    """``fault`` is Python that breaks each worker on purpose."""

    settings: Settings
    folder: Path
    fault: str = ""
    services: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    workers: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    said: Counter[int] = field(default_factory=Counter)
    """How often callers were answered with which status; 0 for no answer."""

    def __post_init__(self) -> None:
        self.services |= dict.fromkeys(free_ports(EACH), None)  # type: ignore[arg-type]
        self.workers |= dict.fromkeys(range(EACH), None)  # type: ignore[arg-type]

    async def keep(self) -> None:
        """As whoever runs them does: start one where one has ended."""
        while True:
            for port in self.services:
                self._keep(self.services, port, SERVICE.format(port=port))
            for number in self.workers:
                self._keep(self.workers, number, f"{self.fault}\n{WORKER}")
            await asyncio.sleep(0.1)

    def _keep(self, held: dict[int, "subprocess.Popen[bytes]"], key: int, code: str) -> None:
        process: subprocess.Popen[bytes] | None = held[key]
        if process is not None and process.poll() is None:
            return
        variables = {
            "DATABASE_URL": self.settings.database_url.get_secret_value(),
            "DATABASE_POOL_SIZE": "3",
            "DEFAULT_MODEL": "transit",
            "LOG_LEVEL": "WARNING",
        }
        with (self.folder / "log").open("ab") as log:
            held[key] = subprocess.Popen(
                [sys.executable, "-c", code],
                cwd=ROOT,
                env=os.environ | variables,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )

    async def kill(self, count: int, seconds: float) -> None:
        """One of them now and then, whatever it is at."""
        for _ in range(count):
            await asyncio.sleep(seconds / count * random.uniform(0.5, 1.5))
            kind, held = random.choice([("service", self.services), ("worker", self.workers)])
            if living := [one for one in held.values() if one is not None and one.poll() is None]:
                random.choice(living).kill()
                self.kills[kind] += 1

    async def ask(self, client: httpx.AsyncClient, path: str, **headers: str) -> httpx.Response:
        """Until a service has answered with something that is none of a process that dies."""
        async with asyncio.timeout(LONGEST):
            while True:
                with suppress(httpx.TransportError):
                    port = random.choice([*self.services])
                    answer = await client.post(f"http://127.0.0.1:{port}{path}", headers=headers)
                    self.said[answer.status_code] += 1
                    if answer.status_code in (200, 202, 504):
                        return answer
                self.said[0] += 1
                await asyncio.sleep(random.uniform(1, 3))

    async def ask_for_all(self, records: Sequence[str], asks: int, seconds: float) -> None:
        """At random moments; some wait a while, others are told where the answer will be."""

        async def one(client: httpx.AsyncClient, record: str, at: float) -> None:
            await asyncio.sleep(at)
            headers = random.choice([LATER, {"Prefer": "wait=2"}])
            await self.ask(client, f"/predict/{record}", **headers)

        wanted = [records[number % len(records)] for number in range(asks)]
        random.shuffle(wanted)
        async with httpx.AsyncClient(timeout=30) as client:
            await asyncio.gather(*(one(client, each, random.uniform(0, seconds)) for each in wanted))

    async def until_all_are_there(self, records: Sequence[str], seconds: float) -> list[object]:
        """The prediction of each, as a caller gets it in the end."""
        async with httpx.AsyncClient(timeout=30) as client, asyncio.timeout(seconds + LONGEST):
            while await self.open_ones():  # noqa: ASYNC110 - a database's state
                await asyncio.sleep(0.5)
            answers = [await self.ask(client, f"/predict/{one}") for one in records]
        return [one.json().get("prediction") for one in answers]

    async def open_ones(self) -> int:
        return sum(state in ("queued", "running") for state, _ in await self.operations())

    async def operations(self) -> list[tuple[str, int]]:
        """Their states, and how often each was begun to be sent."""
        return [(str(state), int(str(attempts))) for state, attempts in await self._rows(STATES)]

    async def stored(self) -> tuple[int, int]:
        """Rows of the history, and of how many records."""
        [(rows, records)] = await self._rows(ROWS)
        return int(str(rows)), int(str(records))

    async def _rows(self, query: str) -> list[tuple[object, ...]]:
        engine = create_direct_engine(self.settings)
        async with engine.connect() as connection:
            found = [tuple(row) for row in await connection.execute(text(query))]
        await engine.dispose()
        return found


@asynccontextmanager
async def kept(fleet: Fleet) -> AsyncIterator[Fleet]:
    """With its processes, which end with it."""
    keeping = asyncio.create_task(fleet.keep())
    try:
        yield fleet
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        for one in (*fleet.services.values(), *fleet.workers.values()):
            one.kill()
            one.wait()
