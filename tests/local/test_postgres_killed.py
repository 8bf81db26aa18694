"""A start of Postgres from the wheel that is killed while it makes the cluster; make chaos has more."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from app.local.postgres import start
from tests.local.test_postgres import other_process
from tests.support.demo import processes_of
from tests.support.postgres import query, throwaway_folder, wait_until_stopped

NEXT = """
import pathlib, sys
from app.local.postgres import start
start(pathlib.Path(sys.argv[1]), durable=False)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with throwaway_folder() as path:
        yield path


def initdb_of(folder: Path) -> psutil.Process | None:
    for one in processes_of(folder):
        with suppress(psutil.NoSuchProcess):  # they come and go
            if one.name() == "initdb":
                return one
    return None


def test_the_next_start_waits_for_what_the_killed_one_left_at_work(folder: Path) -> None:
    with other_process(folder) as killed:
        while (initdb := initdb_of(folder)) is None:
            assert killed.poll() is None
        initdb.suspend()
        killed.kill()
        with next_start(folder) as following:
            try:
                with pytest.raises(subprocess.TimeoutExpired):
                    following.wait(1)  # the other one still writes
            finally:
                initdb.resume()
            assert following.wait() == 0
    with start(folder, durable=False) as server:
        assert query(server.owner_url(), "select 1") == [(1,)]


@pytest.mark.parametrize("names_us", [True, False])
def test_the_sockets_lock_that_was_left_may_name_a_live_stranger(folder: Path, names_us: bool) -> None:
    with start(folder, durable=False) as server:
        lock = server.sockets / ".s.PGSQL.5432.lock"
        lines = lock.read_text().split("\n")
    wait_until_stopped(folder)
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) if names_us else "")
    with start(folder, durable=False) as server:
        assert query(server.owner_url(), "select 1") == [(1,)]


def next_start(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", NEXT, str(folder)], cwd=Path(__file__).parents[2])
