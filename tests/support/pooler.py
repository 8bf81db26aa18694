"""PgBouncer in transaction mode before the tests' Postgres: for all of them with ``make test-pooler``."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.local.ports import free_ports

START_SECONDS = 60
HOST = "127.0.0.1"
PROGRAM = "pgbouncer"
CONNECTIONS = 20
"""What it has to each database, at most."""
needs_pooler = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="the program pgbouncer is not here")
"""For tests that start one of their own, whether the others go through one or not."""


def pooler_is_used() -> bool:
    """POOLER=1 says so."""
    return os.environ.get("POOLER") == "1"


@contextmanager
def pooler(server_url: str, *, size: int = CONNECTIONS) -> Iterator[int]:
    """The port of a PgBouncer that leads to each database of the server with so many connections."""
    binary = shutil.which(PROGRAM)
    if binary is None:
        pytest.exit("POOLER=1 needs the program pgbouncer (Debian's package has this name).", returncode=4)
    url = make_url(server_url)
    port = free_ports(1)[0]
    with tempfile.TemporaryDirectory(prefix="pooler-") as name:
        folder = Path(name)
        (folder / "users.txt").write_text(f'"{url.username}" "{url.password}"\n')
        (folder / "pgbouncer.ini").write_text(
            _configuration(folder, port, url.host or url.query["host"], url.port, size)
        )
        if user := _user():
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, user)  # it stays private: it holds the server's password
        with subprocess.Popen([binary, "-q", str(folder / "pgbouncer.ini")], user=_user()) as process:
            try:
                _wait_until_listening(process, port)
                yield port
            finally:
                process.terminate()


def through(port: int, url: str) -> str:
    """The same database, by way of the pooler."""
    direct = make_url(url)
    return direct.set(host=HOST, port=port, query={}).render_as_string(hide_password=False)


def _configuration(folder: Path, port: int, host: object, server_port: int | None, size: int) -> str:
    return f"""
[databases]
* = host={host} port={server_port or 5432}
[pgbouncer]
listen_addr = {HOST}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder / "users.txt"}
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
server_login_retry = 1
"""


def _user() -> str | None:
    """PgBouncer does not run as root; the server's user may enter its socket's folder."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _wait_until_listening(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
