"""What goes wrong on the command line is said in one line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import COMMANDS as LATE
from app.cli import main
from tests.support.demo import ROOT
from tests.support.ports import free_ports
from tests.support.use_case import PACKAGE


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in ("DATABASE_URL", "DATABASE_DIRECT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))  # no .env there


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 1
    out, errors = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"Error: [^\n]+\n", errors), errors
    return errors


COMMANDS = [["migrate"], ["serve"], ["worker"], ["records", "get", "a"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_database_url(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    assert fails(capsys, *command) == "Error: DATABASE_URL is not set.\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_settings_that_do_not_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/x")
    monkeypatch.setenv("PORT", "eighty")
    assert "PORT: " in fails(capsys, *command)


@pytest.mark.parametrize("command", [["migrate"], ["migrate", "--wait", "0.6"], ["records", "get", "a"]])
def test_a_database_that_is_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    [port] = free_ports(1)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:hunter2@127.0.0.1:{port}/x")
    said = fails(capsys, *command)
    assert "database cannot be reached" in said
    assert "hunter2" not in said


def test_a_file_is_not_told_as_the_database(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.local.four_files.EXAMPLES", Path("gone"))
    assert fails(capsys, "init") == "Error: gone cannot be used: No such file or directory.\n"


@pytest.mark.parametrize("url", ["mysql://localhost/x", "localhost"])
def test_no_postgres_url(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert "DATABASE_URL" in fails(capsys, "migrate")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("variable", ["DATABASE_URL", "DATABASE_DIRECT_URL"])
def test_a_parameter_that_the_driver_lacks_is_named_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str], variable: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:hunter2@localhost/x")
    monkeypatch.setenv(variable, "postgresql://user:hunter2@localhost/x?channel_binding=require")
    said = fails(capsys, *command)
    assert f"{variable}: " in said
    assert "channel_binding=require" in said
    assert "hunter2" not in said


@pytest.mark.parametrize("command", ["migrate", "worker"])
def test_what_a_pooler_cannot_pass_on_asks_for_the_way_past_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:hunter2@localhost:{free_ports(1)[0]}/x")
    monkeypatch.setenv("DATABASE_POOLER", "true")
    monkeypatch.setenv("USE_CASE", PACKAGE)
    with pytest.raises(SystemExit):
        main([command])
    said = capsys.readouterr().err.splitlines()[-1]  # after what is logged
    assert said.startswith("Error: DATABASE_POOLER is set, and DATABASE_DIRECT_URL is not")


GROUPS = {
    "records": {"get", "ground-truth", "import", "purge", "remodel", "unfit"},
    "models": {"list", "register", "import", "promote", "rollback", "pack", "delete"},
    "evaluate": {"import", "report", "run", "show", "history", "compare"},
    "keys": {"create", "list", "revoke"},
    "storage": {"init"},
    "sample": {"load"},
}
COMMANDS_BY_GROUP = {
    "": {"code", "demo", "dev", "init", "serve", "worker", "migrate", "predict", "audit", *GROUPS}
} | GROUPS
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LISTED = re.compile(r"^│ ([a-z-]+) +([A-Z].*\w.*) │$", re.MULTILINE)
"""A command and what it does."""


@pytest.mark.parametrize("group", COMMANDS_BY_GROUP)
def test_help_says_what_every_command_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # a line for each command
    with pytest.raises(SystemExit) as caught:
        main([*group.split(), "--help"])
    assert caught.value.code == 0
    _, _, commands = COLOUR.sub("", capsys.readouterr().out).partition(" Commands ")
    assert {name for name, _ in LISTED.findall(commands)} == COMMANDS_BY_GROUP[group]


@pytest.mark.parametrize("command", LATE)
def test_the_list_of_commands_says_of_each_what_it_says_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    lines = [line.strip() for line in COLOUR.sub("", capsys.readouterr().out).splitlines()]
    about = lines[lines.index(next(line for line in lines if line.startswith("Usage: "))) + 2]
    assert about == LATE[command].says


def test_a_python_without_the_packages_is_told_where_they_are() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "app", "init"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "is not installed in this Python" in done.stderr
    assert "then .venv/bin/python -m app" in done.stderr
    assert "Traceback" not in done.stderr
