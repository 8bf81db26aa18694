"""Commands of ours as child processes that cannot outlive their parent."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.local import leash

STOP_SECONDS = leash.STOP_SECONDS + 30
"""The leash kills it before, however slow the machine; nobody waits for a leash that hangs."""


@contextmanager
def running_command(*arguments: str, pass_fds: Sequence[int] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``python -m app ARGUMENTS`` with this process's environment; it is not waited for at the start.

    Gives the leash that holds it, which ends with it, and ends it once ``let_go``. It has a session of its
    own: a Ctrl-C is for the parent, which then stops it in order.
    """
    command = [sys.executable, leash.__file__, sys.executable, "-m", "app", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, start_new_session=True, pass_fds=pass_fds
    ) as process:
        try:
            yield process
        finally:
            let_go(process)
            process.wait(STOP_SECONDS)


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Have the command ended; it is not waited for."""
    assert process.stdin is not None
    process.stdin.close()


def end_in_order_on_signals() -> None:
    """Make KeyboardInterrupt of SIGTERM, and of the SIGINT that a shell's ``&`` has ignored."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
