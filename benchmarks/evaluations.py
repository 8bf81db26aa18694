"""Evaluate the sample's orders of July to December, uncached and cached, five times each.

``python -m benchmarks.evaluations``: from the request over HTTP until the demo's worker is done.
"""

import asyncio
import shlex
import statistics
import sys
import time
from pathlib import Path

import asyncpg
import httpx
from pydantic import JsonValue

from tests.support.demo import demo_folder, running_demo

RUNS = 5
REQUEST: dict[str, JsonValue] = {
    "since": "2013-07-01T00:00:00Z",
    "until": "2014-01-01T00:00:00Z",
    "bucket": "month",
}
LIMITS = {"uncached": 10.0, "cached": 2.0}
"""Seconds."""


def main() -> None:
    medians = {}
    with demo_folder() as folder, running_demo(folder) as demo:
        database_url = _database_url(folder)
        with httpx.Client(base_url=demo.url, timeout=60) as client:
            for name in LIMITS:
                medians[name] = _measure(client, name, database_url if name == "uncached" else None)
    if any(medians[name] > limit for name, limit in LIMITS.items()):
        sys.exit(f"that is more than {LIMITS}")


def _measure(client: httpx.Client, name: str, emptied: str | None) -> float:
    """The median of some runs' seconds, each after the predictions of the database ``emptied`` are gone."""
    seconds, records = [], 0
    for _ in range(RUNS):
        if emptied is not None:
            asyncio.run(_forget(emptied))
        took, records = _evaluate(client)
        seconds.append(took)
    median = statistics.median(seconds)
    print(
        f"{records} truths {name}: median {median:.2f} s, {min(seconds):.2f} to {max(seconds):.2f} s "
        f"in {RUNS} runs"
    )
    return median


def _database_url(folder: Path) -> str:
    lines = shlex.split((folder / "demo.env").read_text())
    return dict(line.partition("=")[::2] for line in lines)["DATABASE_URL"]


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
