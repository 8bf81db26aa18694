"""From a fresh clone to the first prediction, in seconds, and the size of .venv. And how long the first
prediction takes once the demo has said that it is ready, in fresh folders and in those of before.

``python -m benchmarks.first_prediction``
"""

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from examples.transit import train
from tests.support.demo import ROOT, Demo, demo_folder, running_demo

RUNS = 5


def main() -> None:
    from_a_clone()
    after_ready()


def from_a_clone() -> None:
    with tempfile.TemporaryDirectory(prefix="first-") as name:
        outer = Path(name)
        outer.chmod(0o711)  # Postgres' own user has to pass through, where this runs as root
        clone = outer / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        began = time.monotonic()
        with running_demo(clone / ".local", ["make", "demo", "PORT=0"], clone) as demo:
            ready = time.monotonic() - began
            first = predict(demo, train.EXAMPLE_ID)
        print(f"ready {ready:.1f} s after `make demo`, first prediction {first:.2f} s after that")
        size = sum(path.lstat().st_blocks * 512 for path in (clone / ".venv").rglob("*"))
        print(f"size of .venv: {size / 2**20:.0f} MB")


def after_ready() -> None:
    seconds: dict[str, list[float]] = {"a first start": [], "a second start": []}
    # A record each: what was predicted in the first start is in the cache.
    records = dict(zip(seconds, train.DATA.read_text().splitlines()[1:], strict=False))
    for _ in range(RUNS):
        with demo_folder() as folder:
            for start, line in records.items():
                with running_demo(folder) as demo:
                    seconds[start].append(predict(demo, line.partition(",")[0]))
    for start, took in seconds.items():
        print(
            f"first prediction after Ready, {start}: median {statistics.median(took):.2f} s,"
            f" {min(took):.2f} to {max(took):.2f} s in {RUNS} runs"
        )


def predict(demo: Demo, record_id: str) -> float:
    """Seconds for a prediction that is not in the cache."""
    with httpx.Client(timeout=60) as client:
        began = time.monotonic()
        answer = client.post(f"{demo.url}/predict/{record_id}").raise_for_status()
        took = time.monotonic() - began
    assert answer.headers["x-cache"] == "MISS"
    return took


if __name__ == "__main__":
    main()
