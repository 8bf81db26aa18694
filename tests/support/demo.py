"""A demo as a process of its own, as ``make demo`` runs it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
LONGEST_STOP = 60
"""Seconds within which everything has to be gone; a bound for a broken demo, not a measurement."""


@dataclass(frozen=True)
class Demo:
    """``url`` is the service's address; ``folder`` holds the demo's data."""

    process: subprocess.Popen[str]
    url: str
    folder: Path
    output: str

    def interrupt(self, signal_number: int = signal.SIGINT) -> str:
        """Stop it as Ctrl-C does, and give what it said since it was ready."""
        self.process.send_signal(signal_number)
        said, _ = self.process.communicate(timeout=LONGEST_STOP)
        return said


@contextmanager
def demo_folder() -> Iterator[Path]:
    """A folder that the server's account can enter, whoever runs the tests; the demo makes it."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    with tempfile.TemporaryDirectory(prefix="demo-", dir=memory if roomy else "/tmp") as name:
        outer = Path(name)
        outer.chmod(0o711)
        yield outer / "data"
        wait_until_gone(outer)


@contextmanager
def running_demo(
    folder: Path,
    command: Sequence[str] = (),
    cwd: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Demo]:
    """Start a demo on a free port, wait until it is ready, and stop it if that was not done.

    ``command`` starts it another way, with ``folder`` for its data, and ``environment`` with nothing of ours.
    """
    with (folder.parent / "demo.log").open("a") as log:
        process = start(
            command or demo_command(folder), cwd=cwd, stderr=log.fileno(), environment=environment
        )
    assert process.stdout is not None
    try:
        output, url = "", None
        for line in process.stdout:
            output += line
            if found := re.search(r"Ready in .* on (http://\S+)", line):
                url = found[1]
            if line.startswith("Ctrl-C"):
                break
        assert url, f"the demo ended early: {output}{(folder.parent / 'demo.log').read_text()}"
        yield Demo(process, url, folder, output)
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=LONGEST_STOP)


def demo_command(folder: Path, *, port: int = 0) -> list[str]:
    return [sys.executable, "-m", "app", "demo", "--port", str(port), "--data-dir", str(folder)]


def start(
    command: Sequence[str],
    *,
    cwd: Path = ROOT,
    stderr: int = subprocess.PIPE,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; a zombie that nobody has reaped yet does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process that names the folder in its command line, but this one and its own parents."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if process.pid not in ours and str(folder) in " ".join(process.info["cmdline"] or ()):
            found.append(process)
    return found


def wait_until_gone(folder: Path) -> None:
    """Fail unless no process of the folder is left within a while."""
    deadline = time.monotonic() + LONGEST_STOP
    while left := processes_of(folder):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)
