"""Plain routes beside the same on bare Starlette (benchmarks.peers.starlette_routes).

``python -m benchmarks.routes``. The two take turns, three times. Told is what a request costs the server's
process in CPU, which other work on the machine changes less than the rate, and the rate; both as ratios, with
the least and the most of the three turns.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg
import httpx
import psutil
from pydantic import SecretStr

from app.core.settings import Settings
from app.db import migrate
from app.local import postgres
from app.local.demo_place import environment
from examples.transit import train
from tests.support.demo import ROOT, demo_folder
from tests.support.orders import order
from tests.support.ports import free_ports
from tests.support.service import running_service
from tests.support.settings import IsolatedSettings

TURNS, SECONDS, AT_ONCE, WARM = 3, 3.0, 8, 50
PREDICTIONS = """
    with model as (insert into models (name) values ('m') returning id), version as (
        insert into model_versions (model_id, version, backend, options, features)
        select id, '1', 'sagemaker', '{}', '{a}' from model returning id
    )
    insert into predictions (model_version_id, revision, pipeline_version, record_id, content_hash, output,
        raw_output, latency_ms)
    select version.id, 'r', 'p', input_objects.id, content_hash, '12.5', '12.5', 3 from version, input_objects
"""


class Route(NamedTuple):
    method: str
    path: str
    body: bytes = b""


class Server(NamedTuple):
    url: str
    process: psutil.Process


class Cost(NamedTuple):
    """Seconds of CPU a request, and requests a second."""

    cpu: float
    rate: float


def routes(record_id: str) -> dict[str, Route]:
    return {
        "GET /records/{id}": Route("GET", f"/records/{record_id}"),
        "GET /records?limit=100": Route("GET", "/records?limit=100"),
        "GET /predictions?limit=100": Route("GET", "/predictions?limit=100"),
        "PUT /records/{id}": Route("PUT", f"/records/{record_id}", json.dumps(order()).encode()),
    }


def main() -> None:
    with demo_folder() as folder, ExitStack() as stack:
        folder.mkdir()
        database_url = stack.enter_context(postgres.start(folder / "postgres")).owner_url()
        settings: Settings = IsolatedSettings(database_url=SecretStr(database_url))
        asyncio.run(migrate.upgrade(settings))
        variables = environment(database_url, "http://127.0.0.1:1") | {"LOG_LEVEL": "WARNING"}
        ours = stack.enter_context(running_service(ROOT, variables, folder / "service.log"))
        record_id = _fill(ours.url, database_url)
        servers = {
            "ours": Server(ours.url, psutil.Process(ours.process.pid)),
            "Starlette": stack.enter_context(_peer(database_url, folder / "peer.log")),
        }
        for name, route in routes(record_id).items():
            _require_same(servers, route)
            turns = [
                {key: asyncio.run(_cost(one, route)) for key, one in servers.items()} for _ in range(TURNS)
            ]
            _tell(name, turns)


def _fill(url: str, database_url: str) -> str:
    """The sample's orders, and a prediction of each; an id."""
    kind = {"content-type": "text/csv"}
    done = httpx.post(f"{url}/records/import", content=train.DATA.read_bytes(), headers=kind, timeout=60)
    done.raise_for_status()
    asyncio.run(_execute(database_url, PREDICTIONS))
    record_id: str = httpx.get(f"{url}/records?limit=1").json()["items"][0]["id"]
    return record_id


async def _execute(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(statement)
    await connection.execute("vacuum analyze")
    await connection.close()


@contextmanager
def _peer(database_url: str, log: Path) -> Iterator[Server]:
    [port] = free_ports(1)
    command = [sys.executable, "-m", "uvicorn", "benchmarks.peers.starlette_routes:app", "--port", str(port)]
    with log.open("w") as said:
        process = subprocess.Popen(
            [*command, "--no-access-log"],
            env=os.environ | {"DSN": database_url},
            cwd=ROOT,
            stderr=said,
            stdout=said,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        while process.poll() is None:
            try:
                httpx.get(f"{url}/records?limit=1")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield Server(url, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait()


def _require_same(servers: Mapping[str, Server], route: Route) -> None:
    """The two answer the same; of a page the place of the next one is written in different ways."""
    kind = {"content-type": "application/json"}
    bodies = []
    for server in servers.values():
        answer = httpx.request(route.method, f"{server.url}{route.path}", content=route.body, headers=kind)
        bodies.append({name: part for name, part in answer.json().items() if name != "next_cursor"})
    assert bodies[0] == bodies[1], bodies


async def _cost(server: Server, route: Route) -> Cost:
    port = int(server.url.rpartition(":")[2])
    request = (
        f"{route.method} {route.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(route.body)}\r\n\r\n"
    ).encode() + route.body
    await asyncio.gather(*(_ask(port, request, time.monotonic() + 0.3) for _ in range(AT_ONCE)))
    cpu, began = _cpu(server), time.monotonic()
    asked = sum(await asyncio.gather(*(_ask(port, request, began + SECONDS) for _ in range(AT_ONCE))))
    return Cost((_cpu(server) - cpu) / asked, asked / (time.monotonic() - began))


async def _ask(port: int, request: bytes, until: float) -> int:
    """Ask again and again over one connection; how often it was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    asked = 0
    while time.monotonic() < until:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        asked += 1
    writer.close()
    return asked


def _cpu(server: Server) -> float:
    times = server.process.cpu_times()
    return times.user + times.system


def _tell(name: str, turns: list[dict[str, Cost]]) -> None:
    cpu = [turn["Starlette"].cpu / turn["ours"].cpu for turn in turns]
    rate = [turn["ours"].rate / turn["Starlette"].rate for turn in turns]
    spent = statistics.median(turn["ours"].cpu for turn in turns) * 1e6
    print(
        f"{name:28} by CPU {_spread(cpu)}   by rate {_spread(rate)}   {spent:.0f} us of CPU a request",
        flush=True,
    )


def _spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main()
