"""``python leash.py COMMAND...`` runs a command until it ends, or until standard input does.

For servers that know no such thing themselves: whoever holds the other end of the pipe may die in any way.
"""

import subprocess
import sys
import threading

STOP_SECONDS = 10


def main() -> int:
    """Return the command's exit code."""
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL) as process:
        threading.Thread(target=_stop_at_end_of_input, args=(process,), daemon=True).start()
        return process.wait()


def _stop_at_end_of_input(process: "subprocess.Popen[bytes]") -> None:
    while sys.stdin.buffer.read(1024):
        pass
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    sys.exit(main())
