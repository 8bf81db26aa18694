"""The parent of a local Postgres: reaps it, and stops it when nobody uses it any more.

Run as a program of its own, ``python supervisor.py ROOT COMMAND...``, with nothing but the standard library.
It detaches at once; that its first process ended with 0 means that ``supervisor.lock`` is held.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.25
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(root: Path, command: list[str]) -> int:
    os.umask(0o077)
    watched = (root / "supervisor.lock").open("ab")
    fcntl.flock(watched, fcntl.LOCK_EX)
    if os.fork():
        os._exit(0)  # the child holds the lock on; nobody has to reap it
    postmaster = _launch(root, command)
    with (root / "users.lock").open("ab") as users:
        while not _ended(postmaster):
            if _unused(users):
                # The lock stays with us until the server is gone: whoever starts now waits for that.
                postmaster.send_signal(signal.SIGINT)
                postmaster.wait()
    return postmaster.returncode


def _launch(root: Path, command: list[str]) -> "subprocess.Popen[bytes]":
    bind = _stop_with_parent if sys.platform == "linux" else None
    if os.geteuid() != 0:
        return subprocess.Popen(command, preexec_fn=bind)
    owner = (root / "cluster" / "data").stat()
    return subprocess.Popen(command, user=owner.st_uid, group=owner.st_gid, extra_groups=[], preexec_fn=bind)


def _stop_with_parent() -> None:
    """Have the kernel stop the server where the supervisor is killed: nobody else would, once its users end.

    Elsewhere than on Linux such a server runs until the next start of its folder.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGINT))


def _ended(postmaster: "subprocess.Popen[bytes]") -> bool:
    try:
        postmaster.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _unused(users: IO[bytes]) -> bool:
    """Every user holds a shared lock, which the kernel drops even when the user is killed."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
