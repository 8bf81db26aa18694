"""R12: Postgres from the wheel, killed in every part and at every moment, also while it is being made."""

import os
import random
import signal
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeAlias

import psutil
import pytest

from app.local.postgres.programs import Account
from tests.chaos.conftest import Figure
from tests.support.demo import processes_of
from tests.support.postgres import throwaway_folder

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[2]
STRIKES, AT_ONCE = 25, 3
"""For root and for a user each; each has a folder of its own."""
ORPHAN_SECONDS = 3.0
LONGEST_START = 60
USES_IT = """
import asyncio, asyncpg, pathlib, sys
from app.local.postgres import start
async def ask(url):
    connection = await asyncpg.connect(url)
    await connection.execute("create table if not exists used (at timestamptz)")
    await connection.close()
server = start(pathlib.Path(sys.argv[1]))
asyncio.run(ask(server.url()))
print(server.url(), flush=True)
sys.stdin.read()
"""
NOBODY = Account(65534, 65534)


class Owner:
    """Whose the processes are, and what Python they have."""

    def __init__(self, account: Account | None, python: str) -> None:
        self.account, self.python = account, python

    @contextmanager
    def using(self, folder: Path, fault: str) -> Iterator["subprocess.Popen[str]"]:
        """A process that starts the server, and says its URL once it has used it; ``fault`` is run before."""
        with self.start(["-c", fault + USES_IT, str(folder)], stdin=subprocess.PIPE) as process:
            try:
                yield process
            finally:
                process.kill()

    def start(self, arguments: list[str], stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
        packages = sysconfig.get_path("purelib")
        environment = {"PATH": os.defpath, "PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen(
            [self.python, *arguments],
            cwd="/",
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            text=True,
            user=self.account and self.account.uid,
            group=self.account and self.account.gid,
            extra_groups=[] if self.account else None,
        )


def owners() -> dict[str, Owner]:
    """Root and nobody where we are root, else only ourselves."""
    if os.geteuid() != 0:
        return {"a user": Owner(None, sys.executable)}
    return {"root": Owner(None, sys.executable), "a user": Owner(NOBODY, _python_for(NOBODY))}


def _python_for(account: Account) -> str:
    """One that the account can run: a Python of root's own may lie in a private folder."""
    of_system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, of_system):
        try:
            with Owner(account, python).start(["-c", "import app.local.postgres"]) as tried:
                if tried.wait() == 0:
                    return python
        except OSError:
            pass
    pytest.skip(f"neither {sys.executable} nor {of_system} can be run by a user")


def amid_making(process: "subprocess.Popen[str]", folder: Path) -> None:
    time.sleep(random.uniform(0.1, 1.5))
    process.kill()


def amid_initdb(process: "subprocess.Popen[str]", folder: Path) -> None:
    while not any(folder.glob("*/data/base/*")):
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()


def the_user(process: "subprocess.Popen[str]", folder: Path) -> None:
    first_line(process)
    process.kill()


def the_server(process: "subprocess.Popen[str]", folder: Path) -> None:
    first_line(process)
    postmaster(folder).kill()
    process.kill()


def the_supervisor_first(process: "subprocess.Popen[str]", folder: Path) -> None:
    first_line(process)
    if (supervisor := postmaster(folder).parent()) is not None:
        supervisor.kill()
    process.kill()


def everything(process: "subprocess.Popen[str]", folder: Path) -> None:
    if random.random() < 0.5:
        first_line(process)
    else:
        time.sleep(random.uniform(0.1, 1.5))
    for one in processes_of(folder):
        one.send_signal(signal.SIGKILL)


Strike: TypeAlias = Callable[["subprocess.Popen[str]", Path], None]
STRIKE: tuple[Strike, ...] = (
    *(amid_making, amid_initdb, the_user, the_server, the_supervisor_first, everything),
)


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def postmaster(folder: Path) -> psutil.Process:
    return psutil.Process(int((folder / "cluster/data/postmaster.pid").read_text().split("\n")[0]))


def orphans(folder: Path) -> list[str]:
    """What is left of the folder's processes when the time is over."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [" ".join(one.cmdline()[:2]) for one in left if one.is_running()]


def struck(owner: Owner, strike: Strike, fault: str = "") -> tuple[bool, int]:
    """Whether the start after it succeeds, and how many orphans it leaves."""
    with throwaway_folder() as folder:
        folder.mkdir(mode=0o711)
        if owner.account:
            os.chown(folder, *owner.account)
        with owner.using(folder, fault) as process:
            strike(process, folder)
        left = orphans(folder)
        with owner.using(folder, fault) as process:
            started = first_line(process).startswith("postgresql://")
        if fault:
            end_all(folder)
    return started, len(left)


def end_all(folder: Path) -> None:
    while left := processes_of(folder):
        for one in left:
            with suppress(psutil.NoSuchProcess):
                one.kill()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", owners())
def test_the_next_start_succeeds_and_nothing_is_left_running(name: str, figure: Figure) -> None:
    owner, started, left = owners()[name], Counter[str](), Counter[str]()
    strikes = [STRIKE[number % len(STRIKE)] for number in range(STRIKES)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        ends = threads.map(partial(struck, owner), strikes)
        for strike, (succeeds, orphaned) in zip(strikes, ends, strict=True):
            started[strike.__name__] += succeeds
            left[strike.__name__] += orphaned
    figure(
        "R12",
        f"{STRIKES} kills of Postgres from the wheel, as {name}",
        "100% of the next starts succeed, 0 orphans after 3 s",
        f"{started.total()} of {STRIKES} started; orphans: {dict(+left) or 0}",
    )
    assert started.total() == STRIKES
    assert left.total() == 0


IN_PLACE = """
from app.local.postgres import cluster
made_aside = cluster.Cluster
cluster.Cluster = lambda folder: made_aside(folder.with_name("cluster"))
"""
"""The cluster is not made aside and renamed."""
NEVER_UNUSED = """
import pathlib, sys
from app.local.postgres import server
source = pathlib.Path(server.supervisor.__file__).read_text()
blind = pathlib.Path(sys.argv[1], "supervisor.py")
blind.write_text(source.replace("if _unused(users):", "if False:"))
server.supervisor.__file__ = str(blind)
"""
"""The supervisor does not see that the last user is gone."""


def test_the_harness_sees_a_cluster_that_is_made_in_place() -> None:
    started, _ = struck(owners()["a user"], amid_initdb, IN_PLACE)
    assert not started


def test_the_harness_sees_a_server_that_is_left_running() -> None:
    _, orphaned = struck(owners()["a user"], the_user, NEVER_UNUSED)
    assert orphaned
