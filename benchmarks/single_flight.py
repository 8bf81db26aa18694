"""Four processes, 50 callers each, one key, a model of 300 ms. ``python -m benchmarks.single_flight``."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from app.core.logging import configure_logging
from app.core.settings import Settings
from app.db import migrate
from app.local import postgres
from app.local.demo_place import environment
from app.local.endpoint_process import running_endpoint
from examples.transit import train
from tests.support.artifacts import write_artifact
from tests.support.demo import ROOT, demo_folder
from tests.support.service import running_service
from tests.support.settings import IsolatedSettings

PROCESSES, CALLERS, KEYS = 4, 50, 5
MODEL = """
    import json
    import time

    def model_fn(model_dir):
        return None

    def input_fn(body, content_type):
        return json.loads(body)

    def predict_fn(rows, model):
        with open({log!r}, "a") as log:
            log.write("inference\\n")
        time.sleep(0.3)
        return [1.0 for row in rows]
"""


def main() -> None:
    with demo_folder() as folder, ExitStack() as stack:
        folder.mkdir()
        inferences = folder / "inferences"
        urls = _start(folder, inferences, stack)
        asyncio.run(_call_all(urls, "warm-up"))
        inferences.write_text("")
        misses = [one for key in range(KEYS) for one in asyncio.run(_call_all(urls, f"key-{key}"))]
        count = inferences.read_text().count("\n")
        hits = [one for key in range(KEYS) for one in asyncio.run(_call_all(urls, f"key-{key}"))]
    print(
        f"{PROCESSES} processes x {CALLERS} callers, one key at a time, {KEYS} keys: {count} inferences; "
        f"callers waited {_spread(misses)}; for the same again, as hits, {_spread(hits)}"
    )


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms (median), {max(seconds) * 1000:.0f} ms (longest)"


def _start(folder: Path, inferences: Path, stack: ExitStack) -> list[str]:
    """Everything but the callers; gives the addresses of the service's processes."""
    database_url = stack.enter_context(postgres.start(folder / "postgres")).owner_url()
    settings: Settings = IsolatedSettings(database_url=SecretStr(database_url), log_level="WARNING")
    configure_logging(settings)
    asyncio.run(migrate.upgrade(settings))
    write_artifact(folder / "slow.tar.gz", MODEL.format(log=str(inferences)))
    endpoint_url = stack.enter_context(running_endpoint("slow", str(folder), folder))
    variables = environment(database_url, endpoint_url) | {"DEFAULT_MODEL": "slow", "LOG_LEVEL": "WARNING"}
    urls = [
        stack.enter_context(running_service(ROOT, variables, folder / f"service-{number}.log")).url
        for number in range(PROCESSES)
    ]
    options = {"endpoint_name": "slow", "target_model": "slow.tar.gz", "content_type": "application/json"}
    version = {"version": "1", "backend": "sagemaker", "options": options, "promote": True}
    httpx.post(f"{urls[0]}/models/slow/versions", json=version).raise_for_status()
    item = train.orders()[0].item.model_dump(mode="json")
    records = [{"id": name, "input": item} for name in ("warm-up", *(f"key-{key}" for key in range(KEYS)))]
    httpx.post(f"{urls[0]}/records", json=records).raise_for_status()
    return urls


async def _call_all(urls: Sequence[str], record_id: str) -> list[float]:
    """Every caller asks for the record at once, over a connection of its own; seconds each waited."""
    addresses = [urlsplit(url) for url in urls for _ in range(CALLERS)]
    connections = [await asyncio.open_connection(one.hostname, one.port) for one in addresses]
    return await asyncio.gather(*(_call(*connection, record_id) for connection in connections))


async def _call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record_id: str) -> float:
    """One request by hand: 200 of a client library's would keep the machine busy themselves."""
    began = time.monotonic()
    headers = "Host: localhost\r\nContent-Length: 0\r\nConnection: close\r\n"
    writer.write(f"POST /predict/{record_id} HTTP/1.1\r\n{headers}\r\n".encode())
    answer = await reader.read()
    waited = time.monotonic() - began
    writer.close()
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(answer.decode())
    return waited


if __name__ == "__main__":
    main()
