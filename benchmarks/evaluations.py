"""Evaluate the sample's orders of July to December, uncached and cached, five times each.

``python -m benchmarks.evaluations``: from the request over HTTP until the run, done by a worker, is done.
"""

import asyncio
import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
from pydantic import JsonValue

from tests.support.demo import ROOT, demo_folder, running_demo

RUNS = 5
REQUEST: dict[str, JsonValue] = {
    "since": "2013-07-01T00:00:00Z",
    "until": "2014-01-01T00:00:00Z",
    "bucket": "month",
}
LIMITS = {"uncached": 10.0, "cached": 2.0}
"""Seconds."""


def main() -> None:
    too_slow = False
    with demo_folder() as folder, running_demo(folder) as demo:
        variables = environment(folder)
        with worker(variables), httpx.Client(base_url=demo.url, timeout=60) as client:
            for name, limit in LIMITS.items():
                seconds = []
                for _ in range(RUNS):
                    if name == "uncached":
                        asyncio.run(_forget(variables["DATABASE_URL"]))
                    took, records = _evaluate(client)
                    seconds.append(took)
                print(
                    f"{records} truths {name}: median {statistics.median(seconds):.2f} s, "
                    f"{min(seconds):.2f} to {max(seconds):.2f} s in {RUNS} runs"
                )
                too_slow |= statistics.median(seconds) > limit
    if too_slow:
        sys.exit(f"that is more than {LIMITS}")


def environment(folder: Path) -> dict[str, str]:
    """What a process needs to find the demo's parts."""
    lines = shlex.split((folder / "demo.env").read_text())
    return os.environ | dict(line.partition("=")[::2] for line in lines)


@contextmanager
def worker(variables: dict[str, str]) -> Iterator[None]:
    """A worker as a process of its own."""
    command = [sys.executable, "-m", "app", "worker"]
    process = subprocess.Popen(command, cwd=ROOT, env=variables | {"LOG_LEVEL": "WARNING"})
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


async def _forget(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("truncate predictions cascade")
    await connection.close()


def _evaluate(client: httpx.Client) -> tuple[float, int]:
    """Seconds until the run is done, and how many records it judged."""
    began = time.monotonic()
    asked = client.post("/evaluations", json=REQUEST).raise_for_status()
    while True:
        run = client.get(asked.headers["Location"]).raise_for_status().json()
        if run["state"] == "done":
            return time.monotonic() - began, run["predicted"]
        if run["state"] != "running" and run["state"] != "queued":
            sys.exit(f"the run ended otherwise: {run['error']}")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
