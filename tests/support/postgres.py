"""The Postgres of the tests: DATABASE_URL, else Docker if its daemon answers, else the wheel."""

import asyncio
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from app.db.migrate import upgrade
from app.local.postgres import start
from tests.support.docker import docker_is_used
from tests.support.settings import IsolatedSettings

IMAGE = "postgres:18"
# A test run can lose its databases: do not wait for a disk.
UNSAFE = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def choice() -> str:
    """Which server the tests use; nothing is started."""
    if os.environ.get("DATABASE_URL"):
        return "DATABASE_URL"
    return f"Docker ({IMAGE})" if docker_is_used() else "the wheel"


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of a database whose role may create databases."""
    chosen = choice()
    with ExitStack() as stack:
        if chosen == "DATABASE_URL":
            url = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql")
            yield stack.enter_context(plain_role(url.render_as_string(hide_password=False)))
        elif chosen == "the wheel":
            folder = stack.enter_context(throwaway_folder())
            yield with_quick_log_in(stack.enter_context(start(folder, durable=False)).owner_url())
        else:
            from testcontainers.community.postgres import PostgresContainer  # 0.4 s, for this case only

            container = PostgresContainer(IMAGE, driver=None).with_command(f"postgres {UNSAFE}")
            superusers = stack.enter_context(container).get_connection_url()
            yield with_quick_log_in(stack.enter_context(plain_role(superusers)))


@contextmanager
def plain_role(url: str) -> Iterator[str]:
    """The same server for a role that is no superuser, as the service's is not to be: one of the tests' own,
    where that of the URL is one."""
    [(is_superuser,)] = query(url, "select rolsuper from pg_roles where rolname = current_user")
    if not is_superuser:
        yield url
        return
    name, password = f"tests_{secrets.token_hex(6)}", secrets.token_hex(24)
    query(url, f"create role {name} login createdb password '{password}'")
    try:
        yield make_url(url).set(username=name, password=password).render_as_string(hide_password=False)
    finally:
        query(url, f"drop role {name}")


def with_quick_log_in(url: str) -> str:
    """The same, whose password is hashed once: 4,096 times is half of what it takes to connect, and tests do
    that ten thousand times."""
    address = make_url(url)
    alter = f"alter role \"{address.username}\" password '{address.password}'"
    query(url, "set scram_iterations = 1", alter)
    return url


@contextmanager
def throwaway_folder() -> Iterator[Path]:
    """A folder for ``start``, removed once its server is gone.

    Not one of pytest's: theirs lie in a private folder, which the server's user cannot enter when the
    tests run as root.
    """
    with tempfile.TemporaryDirectory(prefix="sf-", dir=_scratch()) as name:
        Path(name).chmod(0o711)
        folder = Path(name, "pg")
        yield folder
        if (folder / "supervisor.lock").exists():
            wait_until_stopped(folder)


def _scratch() -> str:
    """Memory, where there is plenty: a database is 300 new files, and some disks take 0.2 s for those."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 2**30 else "/tmp"


def wait_until_stopped(folder: Path) -> None:
    """Block until the supervisor of the server in ``folder`` has ended, and so the server."""
    with (folder / "supervisor.lock").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)


@dataclass(frozen=True)
class MigratedServer:
    """A server with a migrated database to copy. ``admin_url`` may create databases."""

    admin_url: str
    template: str

    @contextmanager
    def clone(self) -> Iterator[str]:
        """The URL of a fresh copy of the template, dropped afterwards whoever is connected."""
        name = f"test_{secrets.token_hex(6)}"
        # The checkpoints of file_copy cost little without fsync: 10 ms in all, where wal_log takes 16.
        query(self.admin_url, f"create database {name} template {self.template} strategy file_copy")
        try:
            yield at_database(self.admin_url, name)
        finally:
            drop(self.admin_url, name)


@contextmanager
def migrated_server() -> Iterator[MigratedServer]:
    with running_server() as admin_url:
        require_createdb(admin_url)
        server = MigratedServer(admin_url, f"template_{secrets.token_hex(6)}")
        query(admin_url, f"create database {server.template}")
        try:
            url = at_database(admin_url, server.template)
            asyncio.run(upgrade(IsolatedSettings(database_url=SecretStr(url))))
            yield server
        finally:
            drop(admin_url, server.template)


def require_createdb(url: str) -> None:
    """End the run with a clear word if the role may not create databases."""
    [(role, may)] = query(
        url, "select rolname, rolcreatedb or rolsuper from pg_roles where rolname = current_user"
    )
    if not may:
        pytest.exit(
            f"DATABASE_URL: the tests give each test its own database, and the role {role} may not create"
            f' any. As a superuser: ALTER ROLE "{role}" CREATEDB.',
            returncode=4,
        )


def drop(admin_url: str, name: str) -> None:
    """Drop a database, whoever is connected; an autovacuum in it, which is not ours to end, is waited for."""
    for _ in range(40):
        try:
            query(admin_url, f"drop database {name} with (force)")
            return
        except asyncpg.InsufficientPrivilegeError:
            time.sleep(0.25)
    query(admin_url, f"drop database {name} with (force)")


def query(url: str, *statements: str) -> list[tuple[object, ...]]:
    """The rows of the last statement; all over one connection of their own, in autocommit."""
    return asyncio.run(_query(url, *statements))


async def _query(url: str, *statements: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        found = [await connection.fetch(statement) for statement in statements]
        return [tuple(row) for row in found[-1]]
    finally:
        await connection.close()


def at_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)
