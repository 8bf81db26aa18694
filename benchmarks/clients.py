"""The inference protocol beside ``POST /predict``, by clients of both. ``python -m benchmarks.clients``.

All take turns, on records that are predicted already. Told is what a call costs the server's process in CPU,
and how long it takes its caller; both as ratios to REST by a plain connection, the median of the turns with
the least and the most of them. ``httpx`` is REST by the library that KServe's client sends with. The
predictions are compared first.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
from pydantic import SecretStr

from app.core.settings import Settings
from app.db import migrate
from app.local import postgres
from app.local.demo_place import environment
from tests.platforms import clients
from tests.platforms.venvs import platform_venv
from tests.support.aws_stub import aws_environment
from tests.support.demo import ROOT, demo_folder
from tests.support.http_stub import http_stub
from tests.support.orders import answer_ten_times, register, store
from tests.support.service import running_service
from tests.support.settings import IsolatedSettings

TURNS = 9
BATCHES: Mapping[int, int] = {1000: 20, 1: 100}
"""Ids of a call, and calls of a turn."""
CALLING = Path(__file__).with_name("clients_calling.py")
FIRST = "rest"


class CallCost(NamedTuple):
    """Milliseconds a call: of the server's CPU, and until it was answered."""

    cpu: float
    wall: float


def main() -> None:
    with demo_folder() as folder, ExitStack() as stack:
        folder.mkdir()
        aws = stack.enter_context(http_stub())
        aws.respond = answer_ten_times
        database_url = stack.enter_context(postgres.start(folder / "postgres")).owner_url()
        settings: Settings = IsolatedSettings(database_url=SecretStr(database_url))
        asyncio.run(migrate.upgrade(settings))
        variables = environment(database_url, aws.url) | aws_environment(aws.url) | {"LOG_LEVEL": "WARNING"}
        ours = stack.enter_context(running_service(ROOT, variables, folder / "service.log"))
        asyncio.run(_fill(ours.url))
        for size, calls in BATCHES.items():
            _measure(ours.url, psutil.Process(ours.process.pid), size, calls)


async def _fill(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        await register(client)
        await store(client, {f"record-{number}": number / 8 for number in range(1000)})
        body = {"record_ids": [f"record-{number}" for number in range(1000)], "model": "transit"}
        (await client.post("/predict", json=body)).raise_for_status()


def _measure(url: str, server: psutil.Process, size: int, calls: int) -> None:
    named = [f"record-{number}" for number in range(size)]
    with ExitStack() as stack:
        callers = {way: stack.enter_context(_caller(way, url, named)) for way in _pythons()}
        predicted = [json.loads(_line(caller)) for caller in callers.values()]
        assert predicted[0] == [round(10 * number / 8, 1) for number in range(size)]
        assert all(one == predicted[0] for one in predicted)
        print(f"{size} ids a call: {', '.join(callers)} are told the same", flush=True)
        turns = [
            {way: _cost(server, caller, calls) for way, caller in callers.items()} for _ in range(TURNS + 1)
        ][1:]  # one warms up
    for way in callers:
        _tell(way, turns)


def _pythons() -> Mapping[str, Path]:
    beside = Path(clients.__file__)
    return {
        FIRST: Path(sys.executable),
        "v2": Path(sys.executable),
        "tritonclient": platform_venv("tritonclient", beside) / "python",
        "httpx": platform_venv("kserve") / "python",
        "kserve": platform_venv("kserve") / "python",
    }


@contextmanager
def _caller(way: str, url: str, named: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [_pythons()[way], CALLING, way, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
    )
    try:
        _say(process, json.dumps(named))
        yield process
    finally:
        process.terminate()
        process.wait()


def _say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _cost(server: psutil.Process, caller: subprocess.Popen[str], calls: int) -> CallCost:
    before = _cpu(server)
    _say(caller, str(calls))
    seconds = float(_line(caller))
    return CallCost(1000 * (_cpu(server) - before) / calls, 1000 * seconds / calls)


def _cpu(server: psutil.Process) -> float:
    """Seconds of all of its threads, of which Linux counts the nanoseconds."""
    tasks = Path(f"/proc/{server.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def _tell(way: str, turns: Sequence[Mapping[str, CallCost]]) -> None:
    cpu = [turn[way].cpu / turn[FIRST].cpu for turn in turns]
    wall = [turn[way].wall / turn[FIRST].wall for turn in turns]
    spent = statistics.median(turn[way].cpu for turn in turns)
    took = statistics.median(turn[way].wall for turn in turns)
    print(
        f"  {way:13} CPU {spent:6.2f} ms, {_spread(cpu)} of REST's   took {took:6.2f} ms, {_spread(wall)}",
        flush=True,
    )


def _spread(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main()
