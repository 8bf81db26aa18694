"""P8: an import of records against psql's COPY, and a prediction job against the endpoint's own rate."""

import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from app.local.postgres.programs import find_programs, server_account
from benchmarks.nycflights import write_orders
from benchmarks.speed.bench import Bench
from benchmarks.speed.loads.load import invoke
from benchmarks.speed.place import Endpoint, Stocked, local_endpoint, ours
from benchmarks.speed.programs import Program, environment
from benchmarks.speed.results.outcome import Outcome
from examples.transit.evaluation import LABEL
from tests.support.demo import ROOT
from tests.support.postgres import query

IMPORT, COPY = "import over HTTP", "psql's COPY of the stored rows"
JOB, ENDPOINT = "a prediction job, two workers", "the endpoint's own, by boto3"
RATE = "records a second"
COLUMNS = "id, payload, content_hash, created_at, updated_at"
WORKERS, PER_CALL, AT_ONCE = 2, 500, 4
"""Processes; rows of a call; and calls at once, of which the endpoint answers no more in the same time."""
LOOK_EVERY = 0.2


def measure(bench: Bench) -> Outcome:
    outcome = Outcome("bulk")
    folder = bench.place.folder
    orders = _orders(folder)
    with ExitStack() as stack:
        endpoint = stack.enter_context(local_endpoint(folder))
        stocked = stack.enter_context(bench.place.database("bulk", endpoint=endpoint))
        service = stack.enter_context(ours(stocked, "ours-for-bulk", core=None))
        for _ in range(bench.rounds):
            _emptied(stocked, "input_objects, predictions")
            outcome.add(IMPORT, {RATE: _import(service, orders)})
            outcome.add(COPY, {RATE: _copy(stocked, folder / "stored.txt")})
            outcome.add(ENDPOINT, _alone(bench, endpoint))
            outcome.add(JOB, {RATE: _job(stocked, service)})
    outcome.compare(RATE, COPY)
    outcome.compare(RATE, ENDPOINT)
    outcome.judge("P8", "records imported, by psql's COPY", 0.5, outcome.ratio(RATE, IMPORT, COPY))
    outcome.judge(
        "P8", "a job's records, by the endpoint's own rate", 0.7, outcome.ratio(RATE, JOB, ENDPOINT)
    )
    return outcome


def _orders(folder: Path) -> Path:
    """All flights, without their truths, which would go into a second table."""
    write_orders(folder / "flights.csv")
    path = folder / "orders.csv"
    with (folder / "flights.csv").open(newline="") as file, path.open("w", newline="") as kept:
        lines = csv.reader(file)
        columns = next(lines)
        truth = columns.index(LABEL)
        writer = csv.writer(kept)
        writer.writerows(line[:truth] + line[truth + 1 :] for line in (columns, *lines))
    return path


def _emptied(stocked: Stocked, tables: str) -> None:
    query(stocked.url, f"truncate {tables} cascade")


def _count(stocked: Stocked) -> int:
    [(count,)] = query(stocked.url, "select count(*) from input_objects")
    assert isinstance(count, int)
    return count


def _import(service: Program, orders: Path) -> float:
    content, headers = orders.read_bytes(), {"Content-Type": "text/csv"}
    began = time.monotonic()
    done = httpx.post(f"{service.url}/records/import", content=content, headers=headers, timeout=600)
    created: int = done.raise_for_status().json()["created"]
    return created / (time.monotonic() - began)


def _copy(stocked: Stocked, file: Path) -> float:
    """Write out what is stored, empty the table, and read it in again."""
    count = _count(stocked)
    with file.open("wb") as out:
        _psql(stocked, f"copy input_objects ({COLUMNS}) to stdout", stdout=out.fileno())
    _emptied(stocked, "input_objects")
    began = time.monotonic()
    with file.open("rb") as lines:
        _psql(stocked, f"copy input_objects ({COLUMNS}) from stdin", stdin=lines.fileno())
    return count / (time.monotonic() - began)


def _psql(stocked: Stocked, command: str, *, stdin: int | None = None, stdout: int | None = None) -> None:
    programs = find_programs(stocked.place.server.root, server_account())
    psql = [str(programs.folder / "psql"), "--no-psqlrc", "--quiet", "--command", command, stocked.url]
    subprocess.run(psql, check=True, stdin=stdin, stdout=stdout, env=environment({}))


def _alone(bench: Bench, endpoint: Endpoint) -> dict[str, float]:
    bare = invoke(endpoint, callers=AT_ONCE, seconds=bench.seconds, rows=PER_CALL, core=None)
    return {RATE: bare.rate * PER_CALL}


def _job(stocked: Stocked, service: Program) -> float:
    """Predict all records that there are, from asking until the job is done."""
    _emptied(stocked, "predictions")
    query(stocked.url, "vacuum analyze input_objects")
    with ExitStack() as stack, httpx.Client(base_url=service.url, timeout=60) as client:
        for _ in range(WORKERS):
            stack.enter_context(_worker(stocked))
        began = time.monotonic()
        job = client.post("/prediction-jobs", json={"all": True}).raise_for_status().json()
        while job["state"] in ("queued", "running"):
            time.sleep(LOOK_EVERY)
            job = client.get(f"/prediction-jobs/{job['id']}").raise_for_status().json()
        seconds = time.monotonic() - began
    if job["predicted"] != job["records"]:
        raise RuntimeError(f"The job did not predict all: {job}")
    return float(job["predicted"]) / seconds


@contextmanager
def _worker(stocked: Stocked) -> Iterator[None]:
    variables = {**stocked.variables, "LOG_LEVEL": "WARNING"}
    with (stocked.place.folder / "worker.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"],
            cwd=ROOT,
            env=environment(variables),
            stdin=subprocess.DEVNULL,
            stderr=log.fileno(),
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait()
