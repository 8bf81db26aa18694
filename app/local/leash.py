"""``python leash.py COMMAND...`` runs a command until it ends, or until standard input does.

For servers that know no such thing themselves: whoever holds the other end of the pipe may die in any way.
"""

import os
import subprocess
import sys
import threading

STOP_SECONDS = 10


def main() -> int:
    """Return the command's exit code."""
    # Without close_fds what the leash was passed goes on to the command; nothing else is inheritable.
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, close_fds=False) as process:
        threading.Thread(target=_stop_at_end_of_input, args=(process,), daemon=True).start()
        return process.wait()


def _stop_at_end_of_input(process: "subprocess.Popen[bytes]") -> None:
    while os.read(sys.stdin.fileno(), 1024):  # sys.stdin itself is locked then, and Python aborts at its end
        pass
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    sys.exit(main())
