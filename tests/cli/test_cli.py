"""What goes wrong on the command line is said in one line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import COMMANDS as LATE
from app.cli import main
from app.cli.terminal import exits
from tests.support.demo import ROOT
from tests.support.ports import free_ports
from tests.support.use_case import PACKAGE


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in ("DATABASE_URL", "DATABASE_DIRECT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))  # no .env there


def fails(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = exits.BAD_INPUT) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == code
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
    said = fails(capsys, *command, code=exits.UNAVAILABLE)
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
    "records": {"list", "show", "put", "label", "unlabel", "delete"}
    | {"ground-truth", "import", "purge", "remodel", "unfit"},
    "models": {"list", "show", "history", "backends", "register", "promote", "rollback", "delete"}
    | {"import", "pack"},
    "schedules": {"list", "show", "set", "delete"},
    "predictions": {"list", "show"},
    "jobs": {"start", "list", "show", "cancel", "resume", "results"},
    "operations": {"show"},
    "evaluate": {"import", "report", "run", "list", "show", "cancel", "history", "compare"},
    "keys": {"create", "list", "revoke"},
    "storage": {"init", "list"},
    "sample": {"load"},
}
ALONE = {"code", "completion", "demo", "dev", "init", "serve", "worker", "migrate", "predict", "audit"} | {
    "doctor"
}
LISTED = re.compile(r"^  ([a-z][a-z-]*) +([A-Z].*\w.*)$", re.MULTILINE)
"""A command and what it does."""


def helped(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert not caught.value.code
    return capsys.readouterr().out


@pytest.fixture
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize("group", GROUPS)
def test_help_says_what_every_command_of_a_group_does(capsys: pytest.CaptureFixture[str], group: str) -> None:
    _, _, commands = helped(capsys, group).partition("Commands:")
    assert {name for name, _ in LISTED.findall(commands)} == GROUPS[group]
    assert "..." not in commands


@pytest.mark.usefixtures("_wide")
def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert {name for name, _ in LISTED.findall(helped(capsys))} == ALONE | GROUPS.keys()


@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize("command", LATE)
def test_the_list_of_commands_says_of_each_what_it_says_itself(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    about, *_ = helped(capsys, command).partition("\n\n")[2].partition("\n\n")
    assert " ".join(about.split()) == LATE[command].says


def test_a_narrow_terminal_cuts_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    lines = helped(capsys).splitlines()
    assert max(map(len, lines)) <= 50
    said = "".join("".join(lines).split())
    assert all("".join(late.says.split()) in said for late in LATE.values() if not late.hidden)


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (["predct", "a"], "'predict'"),
        (["jobs", "strat"], "'start'"),
        (["evaluate", "run", "--metrc"], "--metric"),
    ],
)
def test_what_is_misspelt_names_the_near_one(
    capsys: pytest.CaptureFixture[str], arguments: list[str], near: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert near in capsys.readouterr().err


def test_a_python_without_the_packages_is_told_where_they_are() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "app", "init"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "is not installed in this Python" in done.stderr
    assert "then .venv/bin/python -m app" in done.stderr
    assert "Traceback" not in done.stderr
