"""The check of a container goes by what the container was started for."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.settings import IsolatedSettings

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "healthcheck.py"
PYTHON = "python"
SERVICE = ("-m", "app", "serve")


class Healthy(BaseHTTPRequestHandler):
    """Lives, is not ready, and is asked by a name that is taken always."""

    def do_GET(self) -> None:
        is_well = self.path in ("/health/live", "/ping") and self.headers["Host"] == "localhost"
        self.send_response(200 if is_well else 503)
        self.end_headers()
        self.wfile.write(b"the database is away")

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield str(server.server_port)
        server.shutdown()


def check(
    folder: Path, *commands: tuple[str, ...], ready: bool = False, **environment: str
) -> tuple[int, str]:
    """The exit code, and what was said, in a container with these processes, by their numbers."""
    for number, command in enumerate(commands, 1):
        process = folder / "proc" / str(number * 7)
        process.mkdir(parents=True)
        (process / "cmdline").write_bytes("".join(f"{word}\0" for word in command).encode())
    (folder / "proc" / "self").mkdir(parents=True, exist_ok=True)
    asked = [sys.executable, "-IS", str(SCRIPT), *(["ready"] if ready else []), str(folder / "proc")]
    variables = {"PATH": os.environ["PATH"]} | environment
    done = subprocess.run(asked, env=variables, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.strip()


@pytest.mark.parametrize("host", ["0.0.0.0", "", "127.0.0.1", "localhost"])
def test_the_service_is_asked_on_its_port(tmp_path: Path, port: str, host: str) -> None:
    assert check(tmp_path, (PYTHON, *SERVICE), PORT=port, HOST=host) == (0, "")


def test_the_options_of_its_command_go_first(tmp_path: Path, port: str) -> None:
    started = ("/sbin/docker-init", "--", PYTHON, *SERVICE, "--host=127.0.0.1", "--port", port)
    assert check(tmp_path, started, PORT="1", HOST="203.0.113.1") == (0, "")


@pytest.mark.parametrize("name", ["port", "PORT"])
def test_settings_may_be_files(tmp_path: Path, port: str, name: str) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / name).write_text(f"{port}\n")
    (folder / "host").mkdir()  # which is no setting
    assert check(tmp_path, (PYTHON, *SERVICE), SECRETS_DIR=str(folder)) == (0, "")
    assert check(tmp_path / "b", (PYTHON, *SERVICE), SECRETS_DIR=str(folder), port="1")[0] == 1


def test_it_is_told_what_is_missing(tmp_path: Path, port: str) -> None:
    assert check(tmp_path, (PYTHON, *SERVICE), PORT=port, ready=True) == (1, "503 the database is away")
    code, said = check(tmp_path / "b", (PYTHON, *SERVICE), PORT="1")
    assert (code, said.partition(": ")[0]) == (1, "No answer from 127.0.0.1, port 1")


@pytest.mark.parametrize("written", [" {} ", "{}\r", "0{}", "+{}"])
def test_a_port_is_read_as_the_service_reads_it(tmp_path: Path, port: str, written: str) -> None:
    given = written.format(port)
    of_service = {"database_url": "postgresql://nobody@localhost/nothing", "port": given}
    assert IsolatedSettings.model_validate(of_service).port == int(port)
    assert check(tmp_path, (PYTHON, *SERVICE), PORT=given) == (0, "")


@pytest.mark.parametrize("port_given", ["0", "http", "65536", "-1"])
def test_a_port_that_cannot_be_known_is_named(tmp_path: Path, port_given: str) -> None:
    code, said = check(tmp_path, (PYTHON, *SERVICE), PORT=port_given)
    assert (code, said) == (1, f"PORT is {port_given!r}: give the service a port from 1 to 65535.")


def test_the_local_endpoint_is_asked_on_its_own(tmp_path: Path, port: str) -> None:
    started = (PYTHON, "-m", "app.local.endpoint", "--endpoint", "a=/models", "--port", port)
    assert check(tmp_path, started, PORT="1") == (0, "")


@pytest.mark.parametrize(
    ("age", "fits"), [(None, "No such file"), (3, ""), (45, "45 seconds ago: does its database answer?")]
)
def test_a_worker_is_well_while_it_touches_its_file(tmp_path: Path, age: int | None, fits: str) -> None:
    file = tmp_path / "alive"
    if age is not None:
        file.touch()
        os.utime(file, (time.time() - age,) * 2)
    code, said = check(tmp_path, (PYTHON, "-m", "app", "worker"), WORKER_ALIVE_FILE=str(file))
    assert (code, fits in said) == (1 if fits else 0, True)
    assert check(tmp_path / "b", (PYTHON, "-m", "app", "worker"), WORKER_ALIVE_FILE="") == (0, "")


@pytest.mark.parametrize("command", [("migrate",), ("keys", "create", "worker"), ("sample", "load"), ()])
def test_what_ends_by_itself_is_not_asked(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert check(tmp_path, (PYTHON, "-m", "app", *command)) == (0, "")


def test_what_was_started_first_counts(tmp_path: Path) -> None:
    """Not a command that somebody runs beside it, nor a shell whose words look like ours."""
    shell = ("sh", "-c", "python -m app serve")
    assert check(tmp_path, shell, (PYTHON, "-m", "app", "migrate"), (PYTHON, *SERVICE), PORT="1") == (0, "")
