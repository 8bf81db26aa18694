"""`python -m app serve` listens for others only where callers need a key, or that is said not to be."""

import asyncio
from pathlib import Path

import httpx
import pytest
from structlog.typing import EventDict

from app.cli import main
from app.cli import serving as serve
from app.core.settings import Settings
from app.db.engine import open_database
from app.services.access import keys
from app.services.access.keys import NewKey
from tests.support.ports import free_ports
from tests.support.service import running_service

ROOT = Path(__file__).parents[2]


def make_key(settings: Settings) -> str:
    async def make() -> str | None:
        database = open_database(settings)
        try:
            return await keys.make(database.transactions, NewKey("first", ["read"]))
        finally:
            await database.aclose()

    key = asyncio.run(make())
    assert key is not None
    return key


@pytest.fixture
def listened(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The hosts that it would have listened on."""
    hosts = list[object]()
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setattr(serve, "_run", lambda server: hosts.append(server.config.host))
    monkeypatch.setattr(serve, "configure_logging", lambda _: None)  # the test captures it
    return hosts


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", "localhost.example.org"])
def test_without_a_key_it_does_not_listen_for_others(
    listened: list[object], capsys: pytest.CaptureFixture[str], host: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", "--host", host])
    assert (caught.value.code, listened) == (1, [])
    assert capsys.readouterr().err == (
        f"Error: HOST is {host}, which others can reach, and no key was ever made: make one"
        " (python -m app keys create NAME --scope admin), or say AUTH=none.\n"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_without_a_key_it_listens_for_this_machine(listened: list[object], host: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", "--host", host])
    assert (caught.value.code, listened) == (0, [host])


def test_the_setting_counts_as_the_option_does(
    listened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    with pytest.raises(SystemExit) as caught:
        main(["serve"])
    assert (caught.value.code, listened) == (1, [])


def test_it_is_said_where_anybody_may_do_anything(
    listened: list[object], logs: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH", "none")
    with pytest.raises(SystemExit):
        main(["serve", "--host", "0.0.0.0"])
    assert listened == ["0.0.0.0"]
    [warning] = [line for line in logs if line["log_level"] == "warning"]
    assert warning["event"] == "anybody who reaches this address may do anything: AUTH=none"
    assert warning["host"] == "0.0.0.0"


def test_with_a_key_it_listens_for_others_and_answers_who_has_it(settings: Settings, tmp_path: Path) -> None:
    key = make_key(settings)
    variables = {"DATABASE_URL": settings.direct_url.get_secret_value(), "HOST": "0.0.0.0"}
    with running_service(ROOT, variables, tmp_path / "log") as service:
        assert httpx.get(f"{service.url}/records").status_code == 401
        headers = {"Authorization": f"Bearer {key}"}
        assert httpx.get(f"{service.url}/records", headers=headers).status_code == 200
    assert key not in (tmp_path / "log").read_text()


def test_while_the_database_is_away_it_listens_and_lets_nobody_in(tmp_path: Path) -> None:
    [nobody] = free_ports(1)
    variables = {"DATABASE_URL": f"postgresql://app@127.0.0.1:{nobody}/app", "HOST": "0.0.0.0"}
    with running_service(ROOT, variables, tmp_path / "log", probe="/health/live") as service:
        assert httpx.get(f"{service.url}/health/ready").status_code == 503
        for headers in ({}, {"Authorization": "Bearer sfk_x"}, {"X-Forwarded-For": "10.0.0.1"}):
            answer = httpx.post(f"{service.url}/predict/a", headers=headers, timeout=30)
            assert answer.status_code == 503
            assert answer.json()["title"] == "Service unavailable"
    assert "not known whether there are keys; they are demanded" in (tmp_path / "log").read_text()
