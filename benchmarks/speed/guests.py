"""Peers that bring programs of their own: each runs in a venv of its own, or is left out with a word why."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import psutil

from benchmarks import peers
from benchmarks.speed.place import Stocked
from benchmarks.speed.programs import START_SECONDS, Program, environment, running, uvicorn
from tests.platforms.venvs import platform_venv
from tests.support.demo import ROOT

FASTAPI_CACHE, FEAST = "fastapi-cache2 on Redis", "Feast's feature server, on SQLite"
NO_REDIS = "redis-server is not installed (Debian, Ubuntu: apt install redis-server)."
FEATURES = ["predictions:prediction", "predictions:version"]


@dataclass(frozen=True)
class Target:
    """A program, how it is asked for a record's prediction, and what it needs beside itself."""

    program: Program
    requests: Path
    method: str = "POST"
    helpers: Mapping[str, psutil.Process] = field(default_factory=dict)


Guest: TypeAlias = Callable[[Stocked, ExitStack, Path], Target]
"""Starts a peer for the paths that the others are asked. LeftOut says why not."""


class LeftOut(Exception):
    """A peer that cannot run here."""


def fastapi_cache(stocked: Stocked, stack: ExitStack, paths: Path) -> Target:
    server = shutil.which("redis-server")
    if server is None:
        raise LeftOut(f"{FASTAPI_CACHE} is left out: {NO_REDIS}")
    folder, python = stocked.place.folder, venv("fastapi_cache", FASTAPI_CACHE) / "python"
    socket = folder / "redis.sock"
    redis = stack.enter_context(_redis(server, socket))
    variables = stocked.peers | {"REDIS_URL": f"unix://{socket}", "PYTHONPATH": str(ROOT)}
    command = uvicorn("benchmarks.peers.fastapi_cache.route", str(python))
    program = stack.enter_context(running(FASTAPI_CACHE, command, variables, folder))
    return Target(program, paths, "GET", {"Redis": redis})


@contextmanager
def _redis(server: str, socket: Path) -> Iterator[psutil.Process]:
    """In memory only, on a socket."""
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
    with subprocess.Popen([server, *options], cwd=socket.parent, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not socket.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def feast(stocked: Stocked, stack: ExitStack, paths: Path) -> Target:
    folder, programs = stocked.place.folder, venv("feast_server", FEAST)
    repository = folder / "feast"
    repository.mkdir()
    ids = [path.rpartition("/")[2] for path in paths.read_text().split()]
    (folder / "feast-ids.txt").write_text("\n".join(ids))
    fill = Path(peers.__file__).with_name("feast_server") / "fill.py"
    # It writes into the home folder, and would report its use.
    variables = {"HOME": str(repository), "FEAST_USAGE": "False"}
    subprocess.run(
        [programs / "python", fill, repository, folder / "feast-ids.txt"],
        env=environment(variables),
        check=True,
        capture_output=True,
    )
    quiet = ("--no-access-log", "--max-requests", "0", "--max-requests-jitter", "0")
    command = [str(programs / "feast"), "-c", str(repository), "serve", "--port", "{port}", *quiet]
    program = stack.enter_context(running(FEAST, command, variables, folder, ready="/health"))
    bodies = [json.dumps({"features": FEATURES, "entities": {"record_id": [one]}}) for one in ids]
    requests = folder / "feast-requests.txt"
    requests.write_text("".join(f"/get-online-features\t{body}\n" for body in bodies))
    return Target(program, requests)


GUESTS: tuple[Guest, ...] = (fastapi_cache, feast)


def venv(name: str, peer: str, *, beside_tests: bool = False) -> Path:
    """The folder of the programs of a peer's venv, made at first use; of one that the tests use, too.

    LeftOut where it cannot be made.
    """
    print(f"  the venv of {peer}, made at first use ...", flush=True)
    try:
        return platform_venv(name) if beside_tests else platform_venv(name, beside=Path(peers.__file__))
    except subprocess.CalledProcessError as error:
        raise LeftOut(f"{peer} is left out: its requirements could not be installed.") from error
