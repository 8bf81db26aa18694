"""The service as a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.ports import free_ports

START_SECONDS = 60


@dataclass(frozen=True)
class Service:
    """``url`` is its address."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@contextmanager
def running_service(
    tree: Path,
    variables: Mapping[str, str],
    log: Path,
    *,
    program: Sequence[str] = ("-m", "app"),
    options: Sequence[str] = (),
    port: int | None = None,
    probe: str = "/health/ready",
) -> Iterator[Service]:
    """Run ``python -m app serve`` of a source tree; gives it once ``probe`` answers 200.

    ``program`` is what Python runs; the ``port`` is by default a free one. Of this process's environment it
    has only what any needs to run at all.
    """
    port = port or free_ports(1)[0]
    base = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "USE_CASE")}
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [sys.executable, *program, "serve", "--port", str(port), *options],
            cwd=tree,
            env=base | dict(variables),
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url + probe, process, log)
        yield Service(url, process)
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client() as client:  # one, since each reads all certificates
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    raise RuntimeError(f"the service did not become ready: {log.read_text()}")
