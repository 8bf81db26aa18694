"""The Docker stack's nginx as a program: its configuration, with the replicas' addresses in it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.ports import free_ports

SHIPPED = Path(__file__).parents[3] / "deploy" / "nginx" / "nginx.conf"
UPSTREAM = """
    upstream apis {{
        {servers}
        keepalive 64;
        keepalive_timeout 500ms;
    }}
"""
"""As docs/deploy.md has it, with a shorter idle time for a shorter SHUTDOWN_DELAY."""
START_SECONDS = 10.0


@contextmanager
def nginx(addresses: Sequence[str], folder: Path, faults: Mapping[str, str]) -> Iterator[str]:
    """Its URL, before replicas at these addresses (``host:port``); ``faults`` replace what it is told.

    The test is skipped where there is no nginx.
    """
    if (program := shutil.which("nginx")) is None:
        pytest.skip("nginx is not installed")
    [port] = free_ports(1)
    configuration = folder / "nginx.conf"
    configuration.write_text(_replaced(SHIPPED.read_text(), {**_here(addresses, port, folder), **faults}))
    with (folder / "nginx.log").open("a") as log:
        process = subprocess.Popen([program, "-c", configuration, "-p", folder], stdout=log, stderr=log)
    try:
        _wait_until_open(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _here(addresses: Sequence[str], port: int, folder: Path) -> dict[str, str]:
    """What is another than in Docker: where it listens and writes, and how it finds the replicas."""
    servers = "\n        ".join(f"server {address} max_fails=0;" for address in addresses)
    return {
        "/tmp/": f"{folder}/",
        "/dev/std": f"{folder}/std",
        "listen 8000;": f"listen 127.0.0.1:{port};",
        "resolver 127.0.0.11 valid=1s ipv6=off;": UPSTREAM.format(servers=servers),
        "http://apis:8000;": "http://apis;",
    }


def _replaced(configuration: str, changes: Mapping[str, str]) -> str:
    for before, after in changes.items():
        assert before in configuration, f"{SHIPPED} no longer has {before}"
        configuration = configuration.replace(before, after)
    return configuration


def _wait_until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nginx did not start: {process.returncode}")
