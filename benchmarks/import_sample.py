"""Import the sample orders over HTTP into an empty database, five times.

``python -m benchmarks.import_sample``
"""

import asyncio
import shlex
import statistics
import time
from pathlib import Path

import asyncpg
import httpx

from examples.transit import train
from tests.support.demo import demo_folder, running_demo

RUNS = 5


def main() -> None:
    content = train.DATA.read_bytes()
    with demo_folder() as folder, running_demo(folder) as demo:
        seconds, rows = [], 0
        database_url = _database_url(folder / "demo.env")
        for _ in range(RUNS):
            asyncio.run(_empty(database_url))
            began = time.monotonic()
            done = httpx.post(
                f"{demo.url}/records/import",
                content=content,
                headers={"content-type": "text/csv"},
                timeout=60,
            )
            seconds.append(time.monotonic() - began)
            rows = done.raise_for_status().json()["created"]
    print(
        f"import of {rows} rows: median {statistics.median(seconds):.2f} s, "
        f"{min(seconds):.2f} to {max(seconds):.2f} s in {RUNS} runs"
    )


def _database_url(environment: Path) -> str:
    return dict(line.partition("=")[::2] for line in shlex.split(environment.read_text()))["DATABASE_URL"]


async def _empty(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("truncate input_objects cascade")
    await connection.close()


if __name__ == "__main__":
    main()
