"""Programs under measurement: each on the core that is the servers', and what they spend."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psutil

from tests.support.demo import ROOT
from tests.support.ports import free_ports

START_SECONDS = 60
SERVER_CORE, LOAD_CORE = 0, 1
PINNED = shutil.which("taskset") is not None and (os.cpu_count() or 1) > 1
PLACEMENT = (
    f"server on core {SERVER_CORE}, load on core {LOAD_CORE}, Postgres and endpoints anywhere"
    if PINNED
    else "nothing is bound to a core (needs taskset and two cores)"
)


@dataclass(frozen=True)
class Program:
    """A running server. ``ready_after`` is in seconds."""

    name: str
    port: int
    process: psutil.Process
    ready_after: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        return cpu_seconds(self.process)


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    variables: Mapping[str, str],
    folder: Path,
    *,
    ready: str = "/",
    below: int = 500,
    core: int | None = SERVER_CORE,
) -> Iterator[Program]:
    """Run a server, until the block ends. ``{port}`` in command and variables becomes a free port.

    It is up once ``ready`` answers with a status ``below`` that.
    """
    [port] = free_ports(1)
    with (folder / f"{name.replace('/', '-')}.log").open("w") as log:
        began = time.monotonic()
        process = subprocess.Popen(
            pinned([part.replace("{port}", str(port)) for part in command], core),
            cwd=ROOT,
            env=environment({name: value.replace("{port}", str(port)) for name, value in variables.items()}),
            stdin=subprocess.DEVNULL,
            stdout=log.fileno(),
            stderr=log.fileno(),
        )
    try:
        _wait(port, ready, below, process, Path(log.name))
        yield Program(name, port, psutil.Process(process.pid), time.monotonic() - began)
    except RuntimeError as failure:
        if process.poll() is None:
            raise
        raise RuntimeError(f"{name} ended: {_end(Path(log.name))}") from failure
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, and of ours only what a program needs to run at all."""
    kept = ("PATH", "HOME", "LANG")
    return {name: os.environ[name] for name in kept if name in os.environ} | dict(variables)


def pinned(command: Sequence[str], core: int | None) -> list[str]:
    if not PINNED or core is None:
        return list(command)
    return ["taskset", "-c", str(core), *command]


def uvicorn(module: str, python: str = sys.executable) -> list[str]:
    """The command of an ASGI application, served as the service is."""
    quiet = ("--no-access-log", "--log-level", "warning")
    return [python, "-m", "uvicorn", f"{module}:app", "--port", "{port}", *quiet]


def cpu_seconds(process: psutil.Process) -> float:
    """Of a process and its children, those included that have ended."""
    try:
        times = process.cpu_times()
        own = times.user + times.system + times.children_user + times.children_system
        return own + sum(map(cpu_seconds, process.children()))
    except psutil.NoSuchProcess:  # it has ended meanwhile, and is in its parent's sum the next time
        return 0.0


def _wait(port: int, path: str, below: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status < below:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    raise RuntimeError(f"It did not start: {_end(log)}")


def _end(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:]
