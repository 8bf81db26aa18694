"""What a shell can do to the streams of a program."""

import subprocess
import sys

import pytest

from tests.support.demo import ROOT


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("--help >&-", 0, ""),
        ("--help >/dev/full", 1, "Error: The help cannot be written: No space left on device.\n"),
        ("records delete --ids-file - <&-", 1, "Error: Give ids, or --ids-file.\n"),
    ],
)
def test_closed_and_full_ones_are_told_in_a_line(command: str, code: int, said: str) -> None:
    line = f"{sys.executable} -m app {command}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (code, said)
