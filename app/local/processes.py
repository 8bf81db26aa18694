"""Commands of ours as child processes that cannot outlive their parent."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.local import leash
from app.local.telling import say

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


AGAIN_SECONDS = 2.0
"""Between an end that nobody asked for and the next start."""
LOOK_SECONDS = 0.2


@contextmanager
def kept_command(*arguments: str) -> Iterator[None]:
    """As ``running_command``; if it ends meanwhile that is said, and it is started again."""
    enough = threading.Event()
    keeper = threading.Thread(target=_keep, args=(arguments, enough))
    keeper.start()
    try:
        yield
    finally:
        enough.set()
        keeper.join()


def _keep(arguments: Sequence[str], enough: threading.Event) -> None:
    while not enough.is_set():
        with running_command(*arguments) as process:
            while process.poll() is None and not enough.is_set():
                enough.wait(LOOK_SECONDS)
        if not enough.is_set():
            say(f"\nThe {arguments[0]} ended; if it said why, that is above. It starts again.\n")
            enough.wait(AGAIN_SECONDS)


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Have the command ended; it is not waited for."""
    assert process.stdin is not None
    process.stdin.close()


def end_in_order_on_signals() -> None:
    """Make KeyboardInterrupt of SIGTERM, and of the SIGINT that a shell's ``&`` has ignored."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
