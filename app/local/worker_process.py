"""A worker as a child process that cannot outlive its parent."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.local import leash

STOP_SECONDS = leash.STOP_SECONDS + 30
"""The leash kills it before, however slow the machine; nobody waits for a leash that hangs."""


@contextmanager
def running_worker() -> Iterator[None]:
    """Run ``python -m app worker`` with this process's environment; it is not waited for at the start.

    It has a session of its own: a Ctrl-C is for the parent, which then stops it in order.
    """
    command = [sys.executable, leash.__file__, sys.executable, "-m", "app", "worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdin is not None
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(STOP_SECONDS)
