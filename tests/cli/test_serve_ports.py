"""`python -m app serve` on ports that it cannot have."""

import socket

import pytest

from app.cli import main
from app.cli import serving as serve
from app.cli.terminal import exits
from app.core.settings import Settings


@pytest.fixture(autouse=True)
def _environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setattr(serve, "configure_logging", lambda _: None)  # the test captures it


def test_a_port_that_is_taken_may_be_free_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as caught:
        main(["serve", "--port", str(taken.getsockname()[1])])
    assert caught.value.code == exits.UNAVAILABLE


@pytest.mark.parametrize("port", ["-1", "65536", "99999"])
def test_a_port_that_there_is_not_is_a_wrong_command_line(port: str) -> None:
    with pytest.raises(SystemExit) as caught:  # 99999 listened on 34463
        main(["serve", "--port", port])
    assert caught.value.code == 2
