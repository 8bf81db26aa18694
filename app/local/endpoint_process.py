"""The local SageMaker endpoint as a child process that cannot outlive its parent."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.errors import Misconfigured

STOP_SECONDS = 10


@contextmanager
def running_endpoint(name: str, artifacts: str, cache: Path) -> Iterator[str]:
    """Serve the artifacts of a folder or S3 prefix as one multi-model endpoint; gives its address.

    Artifacts are unpacked into ``cache``, which is made if needed.

    The child ends when its standard input does, and so with this process, however that dies. It has a
    session of its own: a Ctrl-C is for the parent, which then stops it in order.
    """
    cache.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "app.local.endpoint", "--endpoint", f"{name}={artifacts}"]
    command += ["--port", "0", "--cache-dir", str(cache), "--exit-with-parent"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            address = process.stdout.readline().rpartition(" ")[2].strip()
            if not address:
                raise Misconfigured("The local SageMaker endpoint could not start.")
            yield address
        finally:
            process.stdin.close()
            _wait(process)


def _wait(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
