"""`python -m app serve --workers`: whichever process is asked tells the metrics of all, also of the dead."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.support.metrics import samples
from tests.support.service import START_SECONDS, Service, running_service

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[2]
COUNTED = (
    "http_request_duration_seconds_count",
    frozenset({("route", "/records"), ("method", "GET"), ("status", "2xx")}),
)
PROCESSES = "processes", frozenset[tuple[str, str]]()
EACH, IN_A_ROW = 20, 8


def ask(service: Service, path: str) -> str:
    """Over a connection of its own, which any of the processes may take."""
    answer = httpx.get(service.url + path, timeout=START_SECONDS)
    assert answer.status_code == 200, answer.text
    return answer.text


def told(service: Service) -> tuple[float, float]:
    """Requests so far, and processes."""
    found = samples(ask(service, "/metrics"))
    return found.get(COUNTED, 0), found[PROCESSES]


def until_told(service: Service, requests: float, before: float = 0) -> set[float]:
    """Until whoever is asked tells them; a process may write what it has counted a second later. Never are
    there fewer than before. How many processes there were meanwhile."""
    deadline, alike, processes = time.monotonic() + START_SECONDS, 0, set[float]()
    while alike < IN_A_ROW:
        assert time.monotonic() < deadline, f"{before} of {requests} requests"
        counted, alive = told(service)
        assert before <= counted <= requests
        before, alike = counted, alike + 1 if counted == requests else 0
        processes.add(alive)
        time.sleep(0.05)
    return processes


def children(pid: int) -> list[int]:
    """Those that serve: of a parent that spawns them one more keeps track of what they share."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def test_the_sum_of_all_goes_on_when_one_is_killed(database_url: str, tmp_path: Path) -> None:
    places = tmp_path / "places"
    places.mkdir()
    variables = {"DATABASE_URL": database_url, "TMPDIR": str(places)}
    with running_service(ROOT, variables, tmp_path / "log", options=("--workers", "2")) as service:
        for _ in range(EACH):
            ask(service, "/records")
        until_told(service, EACH)
        os.kill(children(service.process.pid)[0], signal.SIGKILL)
        assert until_told(service, EACH, before=EACH) <= {1, 2}
        ask(service, "/records")
        until_told(service, EACH + 1, before=EACH)
        assert [one.stat().st_mode & 0o777 for one in places.iterdir()] == [0o700]
    assert [*places.iterdir()] == []
