"""All 336,776 flights as one prediction job, by two workers. ``python -m benchmarks.bulk``.

The endpoint and Postgres share the machine's cores with the workers, so what a record costs all of them
together, in microseconds of CPU, is steadier than the rate.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
from pydantic import BaseModel, SecretStr

from app.core.settings import Settings
from app.db import migrate
from app.local import postgres
from app.local.demo_place import environment
from app.local.endpoint_process import running_endpoint
from benchmarks.nycflights import write_orders
from examples.transit import train
from tests.support.demo import ROOT, demo_folder, processes_of
from tests.support.service import running_service
from tests.support.settings import IsolatedSettings

WORKERS = 2
LEAST_RATE = 8000
"""Records a second."""
MOST_MEMORY = 400
"""MB of one worker."""
LOOK_EVERY = 0.2
"""Seconds between two looks at the job and at the workers' memory."""


class Job(BaseModel):
    """What the API says about the job."""

    id: int
    state: str
    records: int
    predicted: int
    hits: int
    failed: int


def main() -> None:
    with demo_folder() as folder, ExitStack() as stack:
        folder.mkdir()
        variables = _start(folder, stack)
        service = stack.enter_context(running_service(ROOT, variables, folder / "service.log"))
        with httpx.Client(base_url=service.url, timeout=600) as client:
            _fill(client, folder / "orders.csv")
            workers = [stack.enter_context(_running_worker(variables, folder)) for _ in range(WORKERS)]
            processes = {"workers": workers, **_servers(folder)}
            before = _cpu_seconds(processes)
            began = time.monotonic()
            job, memory = _run_job(client, workers)
            seconds = time.monotonic() - began
            spent = {kind: after - before[kind] for kind, after in _cpu_seconds(processes).items()}
    _report(job, seconds, spent, memory)


def _start(folder: Path, stack: ExitStack) -> dict[str, str]:
    """Postgres and the endpoint; the variables that lead to them."""
    database_url = stack.enter_context(postgres.start(folder / "postgres")).owner_url()
    settings: Settings = IsolatedSettings(database_url=SecretStr(database_url))
    asyncio.run(migrate.upgrade(settings))
    artifacts = folder / "models"
    artifacts.mkdir()
    train.build(artifacts, "2")
    endpoint_url = stack.enter_context(running_endpoint("transit", str(artifacts), folder))
    return environment(database_url, endpoint_url) | {"LOG_LEVEL": "WARNING"}


def _fill(client: httpx.Client, orders: Path) -> None:
    """Register version 2 of the sample, and import the orders."""
    version = {
        "version": "2",
        "backend": "sagemaker",
        "options": {"endpoint_name": "transit", "target_model": train.artifact_name("2")},
        "features": train.VERSIONS["2"],
        "promote": True,
    }
    client.post("/models/transit-time/versions", json=version).raise_for_status()
    write_orders(orders)
    headers = {"content-type": "text/csv"}
    client.post("/records/import", content=orders.read_bytes(), headers=headers).raise_for_status()


@contextmanager
def _running_worker(variables: Mapping[str, str], folder: Path) -> Iterator[psutil.Process]:
    command = [sys.executable, "-m", "app", "worker"]
    with (folder / "worker.log").open("a") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=dict(variables), stderr=log.fileno())
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _servers(folder: Path) -> dict[str, list[psutil.Process]]:
    found = processes_of(folder)
    return {
        "endpoint": [one for one in found if "app.local.endpoint" in one.cmdline()],
        "Postgres": [one for one in found if one.name() == "postgres"],
    }


def _cpu_seconds(processes: Mapping[str, list[psutil.Process]]) -> dict[str, float]:
    return {kind: sum(map(_seconds, some)) for kind, some in processes.items()}


def _seconds(process: psutil.Process) -> float:
    """Of a process and its children, those included that have ended."""
    times = process.cpu_times()
    own = times.user + times.system + times.children_user + times.children_system
    return own + sum(map(_seconds, process.children()))


def _run_job(client: httpx.Client, workers: list[psutil.Process]) -> tuple[Job, int]:
    """The finished job, and the most memory that a worker had, in bytes."""
    job = Job.model_validate_json(client.post("/prediction-jobs", json={"all": True}).content)
    memory = 0
    while job.state in ("queued", "running"):
        time.sleep(LOOK_EVERY)
        memory = max(memory, *(one.memory_info().rss for one in workers))
        job = Job.model_validate_json(client.get(f"/prediction-jobs/{job.id}").content)
    return job, memory


def _report(job: Job, seconds: float, spent: Mapping[str, float], memory: int) -> None:
    rate, each = job.records / seconds, {kind: one / job.records * 1e6 for kind, one in spent.items()}
    parts = ", ".join(f"{kind} {one:.0f}" for kind, one in each.items())
    print(
        f"a job of {job.records} records by {WORKERS} workers: {job.state} in {seconds:.1f} s, {rate:.0f} "
        f"a second; {job.predicted} predicted, {job.failed} failed, {job.hits} hits; "
        f"{sum(each.values()):.0f} us of CPU each ({parts}); at most {memory / 2**20:.0f} MB a worker"
    )
    if job.predicted != job.records or rate < LEAST_RATE or memory > MOST_MEMORY * 2**20:
        sys.exit(f"asked for: all predicted, {LEAST_RATE} a second, {MOST_MEMORY} MB a worker")


if __name__ == "__main__":
    main()
