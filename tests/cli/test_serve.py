"""`python -m app serve` as a process, over a real socket: its server parses paths its own way."""

import signal
import time
from pathlib import Path

import httpx

from tests.support.orders import order
from tests.support.service import START_SECONDS, Service, running_service

ROOT = Path(__file__).parents[2]


def test_serve(database_url: str, tmp_path: Path) -> None:
    variables = {"DATABASE_URL": database_url, "LOG_FORMAT": "json"}
    log = tmp_path / "log"
    with running_service(ROOT, variables, log) as service, client_of(service) as client:
        for record_id in ("kg%2Fs", "a%252Fb", "%C3%A9%20%2B%25"):
            created = client.put(f"/records/{record_id}", json=order())
            assert created.status_code == 201, created.text
            assert created.headers["Location"] == f"/records/{record_id}"
            assert client.get(f"/records/{record_id}").json() == created.json()
        mine = client.get("/nowhere", headers={"X-Request-ID": "mine"})
        assert mine.json()["request_id"] == "mine"
    assert "Traceback" not in log.read_text()
    assert log.read_text().count('"mine"') == 1


def test_sigterm_is_announced_before_it_ends_the_service(database_url: str, tmp_path: Path) -> None:
    """It would go on for an hour, and goes at once when it is told twice."""
    variables = {"DATABASE_URL": database_url, "SHUTDOWN_DELAY": "3600"}
    with running_service(ROOT, variables, tmp_path / "log") as service, client_of(service) as client:
        service.process.terminate()
        ready = wait_for_503(client).json()
        assert ready["status"] == "unavailable"
        assert ready["parts"]["process"] == {"status": "unavailable", "reason": "It is shutting down."}
        last = client.put("/records/a", json=order())
        assert (last.status_code, last.headers["connection"]) == (201, "close")
        service.process.terminate()
        assert service.process.wait(START_SECONDS) == -signal.SIGTERM
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert 0 < log.index('"/records/{record_id}"') < log.index("Application shutdown complete.")


def client_of(service: Service) -> httpx.Client:
    return httpx.Client(base_url=service.url, timeout=START_SECONDS)


def wait_for_503(client: httpx.Client) -> httpx.Response:
    while (answer := client.get("/health/ready")).status_code == 200:
        time.sleep(0.01)
    assert answer.status_code == 503
    return answer
