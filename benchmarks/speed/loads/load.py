"""The load: wrk where it is installed; our own caller for what is asked once only."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
from pydantic import BaseModel

from app.local.demo_place import environment as environment_of_aws
from benchmarks.speed.place import Endpoint
from benchmarks.speed.programs import LOAD_CORE, SERVER_CORE, Program, cpu_seconds, environment, pinned
from tests.support.demo import ROOT

WRK = shutil.which("wrk")
SCRIPT = Path(__file__).with_name("ids.lua")
TOOL = (
    "wrk" if WRK else "our own asyncio client, since wrk is not installed (Debian, Ubuntu: apt install wrk)"
)


class Load(BaseModel):
    """What came of it. ``p50`` and ``p99`` are in milliseconds."""

    requests: int
    failures: int
    seconds: float
    p50: float
    p99: float
    first_failure: str = ""
    cpu: float = 0.0
    """Seconds, of a load that is the program under measurement itself."""

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def hammer(
    program: Program,
    requests: Path,
    *,
    callers: int,
    seconds: float,
    method: str = "POST",
    key: str = "",
) -> Load:
    """Requests for that long, drawn from the lines of a file; without wrk they come in order, see caller."""
    if WRK is None:
        return call(program, requests, callers=callers, seconds=seconds, method=method, key=key)
    command = [WRK, "-t1", f"-c{callers}", f"-d{seconds:g}s", "--timeout", "30s", "-s", str(SCRIPT)]
    command += ["-H", f"Authorization: Bearer {key}"] if key else []
    return _run([*command, program.url, "--", str(requests), method], program.name)


def call(
    program: Program,
    requests: Path,
    *,
    callers: int,
    seconds: float = 600,
    method: str = "POST",
    once: bool = False,
    key: str = "",
) -> Load:
    """Lines of a file by our own caller, see there."""
    command = [sys.executable, "-m", "benchmarks.speed.loads.caller", str(requests)]
    command += ["--port", str(program.port), "--callers", str(callers), "--method", method]
    command += ["--seconds", str(seconds), "--key", key]
    return _run([*command, *(["--once"] if once else [])], program.name)


def invoke(
    endpoint: Endpoint, *, callers: int, seconds: float, rows: int = 1, core: int | None = SERVER_CORE
) -> Load:
    """Bare boto3 on an endpoint, on the core that is the servers'."""
    command = [sys.executable, "-m", "benchmarks.peers.boto3_calls", "--url", endpoint.url]
    command += ["--endpoint", endpoint.name, "--callers", str(callers), "--seconds", str(seconds)]
    command += ["--rows", str(rows), "--target-model", str(endpoint.options.get("target_model", ""))]
    return _run(command, "boto3", core, environment_of_aws("", endpoint.url))


def _run(
    command: Sequence[str],
    name: str,
    core: int | None = LOAD_CORE,
    variables: Mapping[str, str] | None = None,
) -> Load:
    done = subprocess.run(
        pinned(command, core),
        cwd=ROOT,
        env=environment(variables or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The load on {name} failed: {done.stderr[-2000:]}{done.stdout[-2000:]}")
    load = Load.model_validate_json(done.stdout.strip().splitlines()[-1])
    if load.failures or not load.requests:
        raise RuntimeError(f"{name} failed {load.failures} of {load.requests} requests: {load.first_failure}")
    return load


class Meter:
    """CPU that processes spend while the block runs, in microseconds, by kind."""

    def __init__(self, processes: Mapping[str, psutil.Process]) -> None:
        self._processes = processes
        self.spent: dict[str, float] = {}

    def __enter__(self) -> "Meter":
        self._before = {kind: cpu_seconds(one) for kind, one in self._processes.items()}
        return self

    def __exit__(self, *_: object) -> None:
        self.spent = {
            kind: (cpu_seconds(one) - self._before[kind]) * 1e6 for kind, one in self._processes.items()
        }
