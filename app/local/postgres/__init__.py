"""Postgres from a wheel: no Docker, nothing installed, no TCP port.

The first process to ``start`` a folder runs the server; others that start the same folder share it. The
server outlives the process that started it for as long as anyone uses it, and stops within about a second
of the last user closing or dying, however it died: the kernel drops the lock that counts it.

    ROOT/cluster/data      the data folder            ROOT/users.lock       shared by every user
    ROOT/cluster/*.pw      the roles' passwords       ROOT/start.lock       one start at a time
    ROOT/run               the socket's folder        ROOT/supervisor.lock  held while the server is watched
    ROOT/server.log        what Postgres says         ROOT/wheel-*          the wheel, where root must copy it
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from app.core.errors import Misconfigured
from app.local.postgres.cluster import APP_ROLE, Cluster, open_cluster
from app.local.postgres.folders import choose_root, socket_folder
from app.local.postgres.programs import find_programs, server_account
from app.local.postgres.server import PORT, Server

STOP_SECONDS = 10


@dataclass(frozen=True)
class LocalPostgres:
    """A running server, for as long as this is open. ``root`` is the folder that holds it."""

    root: Path
    sockets: Path
    cluster: Cluster
    users_lock: IO[bytes]

    def url(self, database: str = "app") -> str:
        """Where the role ``app``, which owns nothing that is made here, finds a database."""
        return self._url(APP_ROLE, database)

    def owner_url(self) -> str:
        """The same for the role that owns the database ``app``, and is no superuser either."""
        return self._url(self.cluster.owner, "app")

    def variables(self) -> dict[str, str]:
        """The settings that lead a service there, and past anything that an .env file says."""
        url = self.url()
        return {
            "DATABASE_URL": url,
            "DATABASE_DIRECT_URL": url,
            "MIGRATION_DATABASE_URL": self.owner_url(),
        }

    def _url(self, role: str, database: str) -> str:
        folder, password = quote(str(self.sockets), safe="/"), self.cluster.password(role)
        return f"postgresql://{role}:{password}@/{quote(database, safe='')}?host={folder}&port={PORT}"

    def close(self) -> None:
        """Stop using the server. It stops by itself when nobody is left."""
        self.users_lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(root: Path, *, durable: bool = True) -> LocalPostgres:
    """Use the server in ``root``, making and starting it where needed. Blocks for up to a minute.

    Without ``durable`` nothing is synced to disk, so a power cut may lose the folder, and the owner
    may create databases and roles: for tests. All users of one folder give the same value.

    As root the server runs as the user ``postgres``, else ``nobody``. Where that user cannot enter ``root``
    (a home folder of mode 0700), a folder of /var/lib takes its place; ``LocalPostgres.root`` tells.

    Raises Misconfigured, in one line, where the folder or the wheel cannot be used.
    """
    try:
        return _start(root, durable=durable)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else error.strerror
        raise Misconfigured(f"The folder {root} cannot hold a Postgres: {reason}.") from error


@contextmanager
def running(root: Path) -> Iterator[LocalPostgres]:
    """Use the server in ``root``, as ``start`` does.

    Afterwards waits until the server is gone, so that its folder may be moved or removed.
    """
    with start(root) as server:
        yield server
    deadline = time.monotonic() + STOP_SECONDS
    while any(server.sockets.glob(".s.PGSQL.*")) and time.monotonic() < deadline:
        time.sleep(0.05)


def _start(root: Path, *, durable: bool) -> LocalPostgres:
    account = server_account()
    root = choose_root(root, account)
    users = _lock(root / "users.lock", fcntl.LOCK_SH)
    try:
        with _lock(root / "start.lock", fcntl.LOCK_EX) as start_lock:
            programs = find_programs(root, account)
            cluster = open_cluster(root, programs, start_lock, durable=durable)
            sockets = socket_folder(root, account)
            Server(root, cluster, programs, sockets, durable).bring_up()
    except BaseException:
        users.close()
        raise
    return LocalPostgres(root, sockets, cluster, users)


def _lock(path: Path, kind: int) -> IO[bytes]:
    """A lock that the kernel drops when we close the file or die; child processes do not inherit it."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    fcntl.flock(file, kind)
    return file
