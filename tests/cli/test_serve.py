"""`python -m app serve` as a process, over a real socket: its server parses paths its own way."""

from pathlib import Path

import httpx

from tests.support.orders import order
from tests.support.service import running_service

ROOT = Path(__file__).parents[2]


def test_serve(database_url: str, tmp_path: Path) -> None:
    variables = {"DATABASE_URL": database_url, "LOG_FORMAT": "json"}
    log = tmp_path / "log"
    with running_service(ROOT, variables, log) as url, httpx.Client(base_url=url) as client:
        for record_id in ("kg%2Fs", "a%252Fb", "%C3%A9%20%2B%25"):
            created = client.put(f"/records/{record_id}", json=order())
            assert created.status_code == 201, created.text
            assert created.headers["Location"] == f"/records/{record_id}"
            assert client.get(f"/records/{record_id}").json() == created.json()
        mine = client.get("/nowhere", headers={"X-Request-ID": "mine"})
        assert mine.json()["request_id"] == "mine"
    assert "Traceback" not in log.read_text()
    assert log.read_text().count('"mine"') == 1
