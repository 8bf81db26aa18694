"""The data folder and the passwords of its roles: made together or not at all."""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.core.errors import Misconfigured
from app.local.postgres.programs import Programs

SUPERUSER = "postgres"
OWNER_ROLE = "owner"
"""Of the database and its tables: it migrates them."""
APP_ROLE = "app"
"""As whom the service works."""


@dataclass(frozen=True)
class Cluster:
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def password_file(self, role: str) -> Path:
        return self.folder / f"{role}.pw"

    @property
    def owner(self) -> str:
        """Who owns the database: in a folder of an earlier release there is but one role."""
        return OWNER_ROLE if self.password_file(OWNER_ROLE).exists() else APP_ROLE

    def password(self, role: str) -> str:
        return self.password_file(role).read_text()


def open_cluster(root: Path, programs: Programs, lock: IO[bytes], *, durable: bool) -> Cluster:
    """The cluster in ``root``, made where there is none. The caller holds start.lock, which is ``lock``."""
    cluster = Cluster(root / "cluster")
    if not cluster.folder.exists():
        _create(root, programs, lock, durable=durable)
    found, ours = (cluster.data / "PG_VERSION").read_text().strip(), programs.version().split(".")[0]
    if found != ours:
        raise Misconfigured(
            f"{root} holds data of Postgres {found} and the wheel is Postgres {ours}:"
            " move the data with pg_dump, or choose another folder."
        )
    return cluster


def _create(root: Path, programs: Programs, lock: IO[bytes], *, durable: bool) -> None:
    """Build it aside and rename, so that a cluster which exists is whole.

    The programs that build it hold the lock, too: where we are killed they go on for a moment, and the next
    start, which sweeps what they have made, waits for their end.
    """
    for torn in root.glob("init.*"):
        shutil.rmtree(torn)
    aside = Cluster(root / f"init.{os.getpid()}")
    aside.folder.mkdir(mode=0o700)
    for role in (SUPERUSER, OWNER_ROLE, APP_ROLE):
        _write_password(aside.password_file(role), programs)
    if programs.account:
        os.chown(aside.folder, *programs.account)
    _init_database(aside, programs, lock, durable=durable)
    _create_app(aside, programs, lock, durable=durable)
    if durable:
        _sync(aside.folder)
    aside.folder.rename(root / "cluster")
    if durable:
        _sync(root)


def _write_password(path: Path, programs: Programs) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_hex(24))
        file.flush()
        os.fsync(file.fileno())
        if programs.account:  # initdb reads it as that user
            os.fchown(file.fileno(), *programs.account)


def _init_database(cluster: Cluster, programs: Programs, lock: IO[bytes], *, durable: bool) -> None:
    """The locale is Postgres' own C.UTF-8: the same on every machine, and no system locale is needed."""
    done = programs.run(
        "initdb",
        f"--pgdata={cluster.data}",
        f"--username={SUPERUSER}",
        f"--pwfile={cluster.password_file(SUPERUSER)}",
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        *([] if durable else ["--no-sync"]),
        held=[lock.fileno()],
    )
    if done.returncode != 0:
        raise start_failure(done.stderr)


def _create_app(cluster: Cluster, programs: Programs, lock: IO[bytes], *, durable: bool) -> None:
    """Done without a server, so that it is part of the rename. One command a line."""
    may_create = "" if durable else " CREATEDB CREATEROLE"
    commands = (
        f"CREATE ROLE {OWNER_ROLE} LOGIN NOSUPERUSER{may_create}"
        f" PASSWORD '{cluster.password(OWNER_ROLE)}';\n"
        f"CREATE ROLE {APP_ROLE} LOGIN NOSUPERUSER PASSWORD '{cluster.password(APP_ROLE)}';\n"
        f"CREATE DATABASE {APP_ROLE} OWNER {OWNER_ROLE};\n"
    )
    options = ["-c", "exit_on_error=on", "-c", "log_min_error_statement=panic"]  # no password in the log
    if not durable:
        options += ["-c", "fsync=off"]
    command = ["postgres", "--single", "-D", str(cluster.data), *options, "postgres"]
    done = programs.run(*command, stdin=commands, held=[lock.fileno()])
    if done.returncode != 0:
        raise start_failure(done.stderr)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def start_failure(log: str) -> Misconfigured:
    """One line from what Postgres wrote: the disk, or its last words."""
    if "No space left on device" in log:
        return Misconfigured("Postgres cannot start: the disk is full.")
    words = [line for line in log.splitlines() if "FATAL:" in line or "PANIC:" in line or "error:" in line]
    reason = words[-1] if words else "it said nothing; see server.log"
    return Misconfigured(f"Postgres cannot start: {reason}")
