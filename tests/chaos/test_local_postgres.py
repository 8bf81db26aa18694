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
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from app.local.postgres.programs import Account
from tests.chaos.conftest import Figure
from tests.support.demo import processes_of
from tests.support.postgres import throwaway_folder, wait_until_stopped

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[2]
STRIKES = 25
"""For root and for a user each."""
ORPHAN_SECONDS = 3.0
LONGEST_START = 60
USES_IT = """
import pathlib, sys
from app.local.postgres import start
print(start(pathlib.Path(sys.argv[1])).owner_url(), flush=True)
sys.stdin.read()
"""
NOBODY = Account(65534, 65534)


class Owner:
    """Whose the processes are, and what Python they have."""

    def __init__(self, account: Account | None, python: str) -> None:
        self.account, self.python = account, python

    @contextmanager
    def using(self, folder: Path) -> Iterator["subprocess.Popen[str]"]:
        """A process that starts the server, and says its URL once it answers."""
        with self.start(["-c", USES_IT, str(folder)], stdin=subprocess.PIPE) as process:
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


STRIKE: tuple[Callable[["subprocess.Popen[str]", Path], None], ...] = (
    *(amid_making, amid_making, the_user, the_server, the_supervisor_first, everything),
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


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", owners())
def test_the_next_start_succeeds_and_nothing_is_left_running(name: str, figure: Figure) -> None:
    owner, started, left = owners()[name], Counter[str](), Counter[str]()
    for number in range(STRIKES):
        strike = STRIKE[number % len(STRIKE)]
        with throwaway_folder() as folder:
            folder.mkdir(mode=0o711)
            if owner.account:
                os.chown(folder, *owner.account)
            with owner.using(folder) as process:
                strike(process, folder)
            left[strike.__name__] += len(orphans(folder))
            with owner.using(folder) as process:
                started[strike.__name__] += first_line(process).startswith("postgresql://")
            wait_until_stopped(folder)
    figure(
        "R12",
        f"{STRIKES} kills of Postgres from the wheel, as {name}",
        "100% of the next starts succeed, 0 orphans after 3 s",
        f"{started.total()} of {STRIKES} started; orphans: {dict(+left) or 0}",
    )
    assert started.total() == STRIKES
    assert left.total() == 0
