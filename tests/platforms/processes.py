"""Another program, run until a test is done with it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    folder: Path,
    ready: str | Callable[[], bool],
    env: Mapping[str, str] | None = None,
    seconds: float = 90,
) -> Iterator[None]:
    """Run ``command`` in ``folder`` as long as the block lasts, with what it starts.

    ``ready`` is an address that answers below 500 once it is up, or a function that says so; ``env`` comes on
    top of ours. What it prints is in a .log in ``folder``. RuntimeError, with the log's end, if it is not up
    within ``seconds``.
    """
    log = folder / f"{Path(command[0]).name}-{Path(command[-1]).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(process, ready, log, seconds)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with the workers it started
        process.wait()


def _wait(
    process: subprocess.Popen[bytes], ready: str | Callable[[], bool], log: Path, seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while not (_answers(ready) if isinstance(ready, str) else ready()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"It did not start:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False
