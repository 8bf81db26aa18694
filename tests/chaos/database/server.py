"""A Postgres that keeps what it says it has kept, and is killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from pydantic import SecretStr
from sqlalchemy import make_url

from app.db.migrate import upgrade
from app.local.postgres import LocalPostgres, start
from tests.support.ports import free_ports
from tests.support.postgres import query, throwaway_folder, wait_until_stopped
from tests.support.service import Service
from tests.support.settings import IsolatedSettings

ROOT = Path(__file__).parents[3]
START_SECONDS, STOP_SECONDS = 60.0, 20.0
SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
"""What makes a commit one."""


@dataclass
class Durable:
    """``url`` is the application's; ``admin_url`` the superuser's."""

    folder: Path
    server: LocalPostgres

    @property
    def url(self) -> str:
        return self.server.owner_url()

    @property
    def role(self) -> str:
        """Whom the service and the workers log in as."""
        return str(make_url(self.url).username)

    @property
    def admin_url(self) -> str:
        password = (self.folder / "cluster" / "postgres.pw").read_text()
        return f"postgresql://postgres:{password}@/app?host={self.server.sockets}&port=5432"

    def processes(self) -> list[psutil.Process]:
        """The postmaster, and its children."""
        pid = (self.folder / "cluster" / "data" / "postmaster.pid").read_text().split("\n")[0]
        postmaster = psutil.Process(int(pid))
        return [postmaster, *postmaster.children()]

    def kill(self) -> None:
        """All of it at once, as a machine that loses its power, but for its disk's own memory."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)

    def stop(self) -> None:
        """In order, whoever is connected."""
        self.processes()[0].send_signal(signal.SIGINT)

    def start_again(self) -> None:
        wait_until_stopped(self.folder)
        before, self.server = self.server, start(self.folder)
        before.close()


@contextmanager
def durable_server() -> Iterator[Durable]:
    """Migrated, with the settings of one that is used in earnest."""
    with throwaway_folder() as folder:
        durable = Durable(folder, start(folder))
        try:
            asyncio.run(upgrade(IsolatedSettings(database_url=SecretStr(durable.url))))
            yield durable
        finally:
            durable.server.close()


@contextmanager
def service(url: str, log: Path, *, fault: str = "", **variables: str) -> Iterator[Service]:
    """``python -m app serve`` on a database, once it is ready; ``fault`` is code that breaks it before."""
    [port] = free_ports(1)
    code = f"{fault}\nfrom app.cli import main\nmain(['serve', '--port', '{port}'])"
    environment = dict(os.environ) | {"DATABASE_URL": url, "DEFAULT_MODEL": "transit"} | variables
    environment |= {"LOG_LEVEL": "WARNING"}
    with log.open("a") as said:
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stderr=said)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _is_ready(address), what=f"the service is ready: {log}")
        yield Service(address, process)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()


def _is_ready(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{address}/health/ready").status_code == 200
    return False


def wait_until(condition: Callable[[], bool], *, what: str, seconds: float = START_SECONDS) -> float:
    """Seconds until it holds."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(what)
        time.sleep(0.05)
    return time.monotonic() - began


def settings_of(url: str) -> Mapping[str, str]:
    """What decides whether a commit is one, as the application's role has it."""
    found = query(url, f"select name, setting from pg_settings where name in {tuple(SAFE)}")
    return {str(name): str(setting) for name, setting in found}
