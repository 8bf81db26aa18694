"""The demo as its user meets it: processes, ports, folders and signals."""

import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from hashlib import md5
from pathlib import Path

import httpx
import psutil
import pytest

from app.local.s3 import find_binary
from examples.transit import train
from tests.support.demo import (
    LONGEST_STOP,
    ROOT,
    Demo,
    demo_command,
    demo_folder,
    is_alive,
    processes_of,
    running_demo,
    start,
    wait_until_gone,
)

get, put, post = (partial(httpx.request, method, timeout=60) for method in ("GET", "PUT", "POST"))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One folder for the demos of this file, which run one after the other and keep its data."""
    with demo_folder() as folder:
        yield folder


def worker_of(demo: Demo) -> list[psutil.Process]:
    """The demo's worker and what holds it; they do not name the folder."""
    return [child for child in psutil.Process(demo.process.pid).children(recursive=True) if is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    try:
        return process.cmdline()[-2:] == ["app", "worker"]
    except psutil.Error:  # it has ended
        return False


def evaluate(demo: Demo) -> None:
    """Have the demo's worker judge two days."""
    assert f"curl -s {demo.url}/evaluations -H" in demo.output
    window = {"since": "2013-07-01T00:00:00Z", "until": "2013-07-03T00:00:00Z"}
    asked = post(f"{demo.url}/evaluations", json=window)
    assert asked.status_code == 202, asked.text
    deadline = time.monotonic() + LONGEST_STOP
    while (run := get(demo.url + asked.headers["location"]).json())["state"] != "done":
        assert run["state"] in ("queued", "running"), run
        assert time.monotonic() < deadline, run
        time.sleep(0.1)
    assert run["predicted"] == run["labelled"] > 0
    assert {metric["metric"] for metric in run["metrics"]} >= {"mae", "rmse"}


def predict(demo: Demo, record_id: str = train.EXAMPLE_ID) -> httpx.Response:
    return post(f"{demo.url}/predict/{record_id}")


def test_a_first_demo_predicts_and_ctrl_c_stops_everything(folder: Path) -> None:
    with running_demo(folder) as demo:
        assert "\nIt answers this machine alone, which needs no key." in demo.output
        first, second = predict(demo), predict(demo)
        assert first.status_code == 200, first.text
        assert 100 < first.json()["prediction"] < 200  # a flight from New York to Orlando, in minutes
        assert [answer.headers["x-cache"] for answer in (first, second)] == ["MISS", "HIT"]
        model = get(f"{demo.url}/models/transit-time").json()
        assert model["live_version"] == "2"
        for version in model["versions"]:
            artifact = folder / "models" / train.artifact_name(version["version"])
            digest = md5(artifact.read_bytes()).hexdigest()
            assert version["revision"].endswith(digest)
        truth = get(f"{demo.url}/records/{train.EXAMPLE_ID}").json()["label"]
        assert truth["value"] == 140
        evaluate(demo)
        started = [*processes_of(folder), *worker_of(demo)]
        assert len(started) >= 5  # the demo, its endpoint, Postgres, and a worker with what holds it
        assert demo.interrupt().endswith("Stopped.\n")
        assert demo.process.returncode == 0
    assert "Traceback" not in (folder.parent / "demo.log").read_text()
    assert not [process for process in started if is_alive(process)]


def test_a_worker_that_ends_is_started_again(folder: Path) -> None:
    with running_demo(folder) as demo:
        before = wait_for_worker(demo, set())
        max(map(psutil.Process, before), key=psutil.Process.create_time).kill()  # not what holds it
        wait_for_worker(demo, before)
        evaluate(demo)
        said = demo.interrupt()
    assert "The worker ended; if it said why, that is above. It starts again." in said


def wait_for_worker(demo: Demo, others: set[int]) -> set[int]:
    """The processes of a worker, once there is one beside those."""
    deadline = time.monotonic() + LONGEST_STOP
    while not (found := {process.pid for process in worker_of(demo)} - others):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def test_a_second_demo_keeps_the_data_and_leaves_nothing_when_killed(folder: Path) -> None:
    with running_demo(folder) as demo:
        record = get(f"{demo.url}/records/{train.EXAMPLE_ID}").json()
        changed = {**record["input"], "carrier": "AA"}
        assert put(f"{demo.url}/records/changed", json=changed).status_code == 201
        assert predict(demo).headers["x-cache"] == "HIT"
        assert "Another `make demo` or `make dev` uses the folder" in refused(folder)
        worker = worker_of(demo)
        assert len(worker) == 2
        demo.process.kill()
        wait_until_gone(folder)
        assert psutil.wait_procs(worker, timeout=LONGEST_STOP)[1] == []


def test_the_command_line_works_beside_a_demo_and_sigterm_ends_it(folder: Path) -> None:
    with running_demo(folder) as demo:
        environment = folder / "demo.env"
        assert environment.stat().st_mode & 0o777 == 0o600
        script = f"set -a; . {shlex.quote(str(environment))}; {sys.executable} -m app records get changed"
        done = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert '"carrier": "AA"' in done.stdout  # written before the kill
        assert demo.interrupt(signal.SIGTERM).endswith("Stopped.\n")
        assert demo.process.returncode == 0


def test_with_s3_the_models_are_on_a_server_that_dies_with_the_demo() -> None:
    if find_binary() is None:
        pytest.skip("needs SeaweedFS: make test installs it")
    with demo_folder() as folder, running_demo(folder, [*demo_command(folder), "--s3"]) as demo:
        assert [predict(demo).headers["x-cache"] for _ in range(2)] == ["MISS", "HIT"]
        assert not (folder / "models").exists()
        assert "STORAGE_URL=s3://demo" in (folder / "demo.env").read_text()
        demo.process.kill()
        wait_until_gone(folder)


def test_a_port_in_use_is_said_before_anything_is_made() -> None:
    with demo_folder() as folder, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(folder, port=port)
        assert f"Port {port} is in use" in said
        assert not folder.exists()


def test_a_folder_that_cannot_be_used_is_said_in_one_line() -> None:
    with demo_folder() as folder:
        folder.write_text("a file, not a folder")
        said = refused(folder / "data")
        assert f"The folder {folder / 'data'} cannot be used: Not a directory" in said


def refused(folder: Path, *, port: int = 0) -> str:
    """The one line that a demo which does not start leaves on standard error."""
    process = start(demo_command(folder, port=port))
    said, complaint = process.communicate(timeout=LONGEST_STOP)
    assert said == ""
    assert process.returncode == 1
    assert complaint.count("\n") == 1
    return complaint
