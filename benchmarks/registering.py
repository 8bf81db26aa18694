"""5,000 target models of one endpoint as models of ours. ``python -m benchmarks.registering``.

The service, Postgres, the endpoint with its control plane and bucket, and the client share the machine.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import psutil
from pydantic import SecretStr

from app.backends.base import Deployed
from app.backends.sagemaker import Options, look_together
from app.core.logging import configure_logging
from app.core.settings import Settings
from app.db import migrate
from app.local import postgres
from app.local.demo_place import adopt, environment
from app.local.endpoint_process import running_endpoint
from tests.support.artifacts import write_artifact
from tests.support.demo import ROOT, demo_folder
from tests.support.service import Service, running_service
from tests.support.settings import IsolatedSettings

VERSIONS, WARM_UP, CALLERS = 5000, 50, 32
MOST_SECONDS, MOST_MORE_MEMORY = 60, 20
"""And MB that an idle process may hold more afterwards."""
SETTLED = 5.0
"""Seconds after which a process is idle."""
MODEL = "def model_fn(model_dir):\n    return None"


def main() -> None:
    with demo_folder() as folder, ExitStack() as stack:
        folder.mkdir()
        service, variables = _start(folder, stack)
        asyncio.run(_register(service.url, "warm-up", WARM_UP))
        process = psutil.Process(service.process.pid)
        before, cpu, began = _memory(process), _cpu(process), time.monotonic()
        asyncio.run(_register(service.url, "many", VERSIONS))
        seconds, cpu = time.monotonic() - began, _cpu(process) - cpu
        after = _memory(process)
        adopt(variables)
        looked = asyncio.run(_look())
    print(
        f"{VERSIONS} models on one endpoint registered in {seconds:.1f} s by {CALLERS} callers,"
        f" {cpu / VERSIONS * 1000:.1f} ms of CPU each in the service; an idle process holds"
        f" {after - before:.1f} MB more; looked at all at once in {looked:.1f} s"
    )
    if seconds > MOST_SECONDS or after - before > MOST_MORE_MEMORY:
        raise SystemExit(f"More than {MOST_SECONDS} s or {MOST_MORE_MEMORY} MB.")


def _start(folder: Path, stack: ExitStack) -> tuple[Service, Mapping[str, str]]:
    database_url = stack.enter_context(postgres.start(folder / "postgres")).owner_url()
    settings: Settings = IsolatedSettings(database_url=SecretStr(database_url), log_level="WARNING")
    configure_logging(settings)
    asyncio.run(migrate.upgrade(settings))
    artifacts = folder / "artifacts"
    content = write_artifact(artifacts / "0.tar.gz", MODEL).read_bytes()
    for number in range(1, VERSIONS):
        (artifacts / f"{number}.tar.gz").write_bytes(content)
    endpoint_url = stack.enter_context(running_endpoint("many", str(artifacts), folder / "cache"))
    # The looks are measured apart.
    own = {"LOG_LEVEL": "WARNING", "REVISION_REFRESH": "3600"}
    variables = environment(database_url, endpoint_url) | own
    return stack.enter_context(running_service(ROOT, variables, folder / "service.log")), variables


async def _register(url: str, model: str, count: int) -> None:
    numbers = iter(range(count))
    async with aiohttp.ClientSession(url) as session, asyncio.TaskGroup() as callers:
        for _ in range(CALLERS):
            callers.create_task(_caller(session, model, numbers))


async def _caller(session: aiohttp.ClientSession, model: str, numbers: Iterator[int]) -> None:
    for number in numbers:
        options = {"endpoint_name": "many", "target_model": f"{number}.tar.gz"}
        version = {"version": "1", "backend": "sagemaker", "options": options}
        async with session.post(f"/models/{model}-{number}/versions", json=version) as response:
            registered = await response.json()
            assert response.status == 201, registered
            assert registered["revision"], registered


def _memory(process: psutil.Process) -> float:
    time.sleep(SETTLED)
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 2**20


def _cpu(process: psutil.Process) -> float:
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


async def _look() -> float:
    options = [Options(endpoint_name="many", target_model=f"{number}.tar.gz") for number in range(VERSIONS)]
    began = time.monotonic()
    looks = await look_together(options)
    assert all(isinstance(look, Deployed) for look in looks)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
