"""All 336,776 flights imported over HTTP, and the rows that come of it by psql's COPY into the same table.

``python -m benchmarks.import_copy``. The two take turns; the truths are left out, as COPY takes one table.
The second figure is what it costs in CPU, of the service, Postgres and psql, which other work on the machine
changes less.
"""

import asyncio
import csv
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
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
from app.local.postgres.programs import find_programs
from benchmarks.nycflights import write_orders
from examples.transit import evaluation
from tests.support.demo import ROOT, demo_folder, processes_of
from tests.support.service import running_service
from tests.support.settings import IsolatedSettings

TURNS = 3


class Spent(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


def main() -> None:
    with demo_folder() as folder, ExitStack() as stack:
        folder.mkdir()
        database_url = stack.enter_context(postgres.start(folder / "postgres")).owner_url()
        settings: Settings = IsolatedSettings(database_url=SecretStr(database_url))
        asyncio.run(migrate.upgrade(settings))
        variables = environment(database_url, "http://127.0.0.1:1") | {"LOG_LEVEL": "WARNING"}
        service = stack.enter_context(running_service(ROOT, variables, folder / "service.log"))
        orders, rows = folder / "orders.csv", folder / "rows.tsv"
        write_orders(orders)
        processes = [psutil.Process(service.process.pid), *processes_of(folder / "postgres")]
        asyncio.run(_empty(database_url))
        _import(service.url, orders)
        _write_rows(database_url, orders, rows)
        ways: Mapping[str, Callable[[], None]] = {
            "import": lambda: _import(service.url, orders),
            "COPY": lambda: _copy(database_url, rows),
        }
        turns = [
            {name: _spent(database_url, processes, way) for name, way in ways.items()} for _ in range(TURNS)
        ]
    for kind in ("wall", "cpu"):
        ratios = [getattr(turn["COPY"], kind) / getattr(turn["import"], kind) for turn in turns]
        took = {name: statistics.median(getattr(turn[name], kind) for turn in turns) for name in ways}
        print(
            f"{kind}: import at {statistics.median(ratios):.2f} of COPY"
            f" ({min(ratios):.2f} to {max(ratios):.2f}); {took['import']:.2f} and {took['COPY']:.2f} s"
        )


def _spent(database_url: str, processes: list[psutil.Process], work: Callable[[], None]) -> Spent:
    asyncio.run(_empty(database_url))
    before, began = _cpu(processes), time.monotonic()
    work()
    return Spent(time.monotonic() - began, _cpu(processes) - before)


def _cpu(processes: list[psutil.Process]) -> float:
    """Of the service, of Postgres and of psql, with what has ended below them."""
    ours = psutil.Process().cpu_times()
    total = ours.children_user + ours.children_system
    for one in {each for process in processes for each in (process, *process.children(recursive=True))}:
        times = one.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _import(url: str, orders: Path) -> None:
    kind, wanted = {"content-type": "text/csv"}, {"ignore": evaluation.LABEL}
    with orders.open("rb") as file:
        done = httpx.post(f"{url}/records/import", params=wanted, content=file, headers=kind, timeout=600)
    done.raise_for_status()


def _copy(database_url: str, rows: Path) -> None:
    command = f"\\copy input_objects (id, payload, content_hash) from '{rows}'"
    subprocess.run(
        [find_programs(rows.parent, None).folder / "psql", "-q", "-d", database_url, "-c", command],
        check=True,
    )


def _write_rows(database_url: str, orders: Path, rows: Path) -> None:
    """What is stored, as COPY takes it, in the order of the file."""
    found = asyncio.run(_stored(database_url))
    with orders.open(newline="") as file, rows.open("w") as out:
        for line in csv.DictReader(file):
            payload, content_hash = found[line["id"]]
            out.write("\t".join((line["id"], payload.replace("\\", "\\\\"), content_hash)) + "\n")


async def _stored(database_url: str) -> dict[str, tuple[str, str]]:
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("select id, payload, content_hash from input_objects")
    await connection.close()
    return {row["id"]: (row["payload"], row["content_hash"]) for row in rows}


async def _empty(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("truncate input_objects cascade")
    await connection.close()


if __name__ == "__main__":
    main()
