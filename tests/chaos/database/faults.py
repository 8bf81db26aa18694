"""What befalls a Postgres, or the way to it; each returns when its cause is over."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

import pytest

from tests.chaos.database.server import Durable
from tests.support.line import Line
from tests.support.postgres import query

SECONDS = 15.0
"""Longer than any statement is waited for."""
Fault: TypeAlias = Callable[[Durable, Line], None]


def restart(server: Durable, _: Line) -> None:
    server.stop()
    server.start_again()


def turn_read_only(server: Durable, _: Line) -> None:
    query(server.admin_url, f"alter role {server.role} set default_transaction_read_only = on")
    assert query(server.admin_url, f"select pg_terminate_backend(pid) from {_connections(server)}")
    time.sleep(3)
    # Nobody is cut off this time.
    query(server.admin_url, f"alter role {server.role} reset default_transaction_read_only")


def lose_connections(_: Durable, line: Line) -> None:
    """As where a firewall forgets them: they are dead, and new ones are not."""
    line.die()
    line.revive()


def fall_silent(_: Durable, line: Line) -> None:
    line.die()
    time.sleep(SECONDS)
    line.revive()


def stop_backends(server: Durable, _: Line) -> None:
    """Those processes of the server that serve a connection of ours, and do nothing for it now: one that has
    a lock of the server's own would stop all others, too."""
    pids = [
        int(str(pid))
        for (pid,) in query(server.admin_url, f"select pid from {_connections(server)} and state = 'idle'")
    ]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(SECONDS)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _connections(server: Durable) -> str:
    """Those of the service, and of workers."""
    return f"pg_stat_activity where usename = '{server.role}' and pid <> pg_backend_pid()"


def named(fault: Fault) -> str:
    return fault.__name__.replace("_", " ")


FAULTS = pytest.mark.parametrize(
    "fault", [restart, turn_read_only, lose_connections, fall_silent, stop_backends]
)
