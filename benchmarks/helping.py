"""The CPU that a command's help takes, beside another checkout's. ``python -m benchmarks.helping CHECKOUT``.

Both take turns, on this Python. Told is user and system time of the process in milliseconds, the median of
the turns, and the ratio of each two turns beside each other, with the least and the most of them.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

TURNS = 7
COMMANDS = (
    "",
    "serve",
    "worker",
    "predict",
    "records import",
    "models register",
    "evaluate run",
    "keys list",
)
HERE = Path(__file__).parents[1]


def main() -> None:
    """Print a line per command."""
    other = Path(sys.argv[1]).resolve()
    for command in COMMANDS:
        arguments = [*command.split(), "--help"]
        pairs = [(cpu(HERE, arguments), cpu(other, arguments)) for _ in range(TURNS + 1)][1:]  # one warms up
        here, there = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratios = sorted(ours / theirs for ours, theirs in pairs)
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        print(
            f"{command or '(all)':16} {here:6.0f} ms, there {there:6.0f} ms,"
            f" ratio {statistics.median(ratios):.2f} ({spread})"
        )


def cpu(checkout: Path, arguments: list[str]) -> float:
    """Milliseconds."""
    command = [sys.executable, "-m", "app", *arguments]
    process = subprocess.Popen(command, cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return 1000 * (usage.ru_utime + usage.ru_stime)


if __name__ == "__main__":
    main()
