"""From a fresh clone to the first prediction, in seconds, and the size of .venv.

``python -m benchmarks.first_prediction``
"""

import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from examples.transit import train
from tests.support.demo import ROOT, running_demo


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="first-") as name:
        outer = Path(name)
        outer.chmod(0o711)  # Postgres' own user has to pass through, where this runs as root
        clone = outer / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        began = time.monotonic()
        with running_demo(clone / ".local", ["make", "demo", "PORT=0"], clone) as demo:
            ready = time.monotonic()
            httpx.post(f"{demo.url}/predict/{train.EXAMPLE_ID}", timeout=60).raise_for_status()
            done = time.monotonic()
        print(
            f"ready {ready - began:.1f} s after `make demo`, first prediction {done - began:.1f} s after it"
        )
        size = sum(path.lstat().st_blocks * 512 for path in (clone / ".venv").rglob("*"))
        print(f"size of .venv: {size / 2**20:.0f} MB")


if __name__ == "__main__":
    main()
