"""`python -m app doctor`, in this process; tests/services/upkeep/doctor has its checks."""

import json
import threading
from pathlib import Path

import pytest

from app.cli import main
from app.core.settings import Settings
from app.schemas.access.callers import CURRENT, ITSELF
from tests.support.aws_stub import Answer, AwsStub, Request
from tests.support.ports import free_ports
from tests.support.settings import database_variables


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in database_variables(settings).items():
        monkeypatch.setenv(name, value)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["doctor", *arguments])
    assert CURRENT.get() == ITSELF, "who asked is nobody once it has ended"
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def test_warnings_are_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = run(capsys, "--format", "json")
    assert (code, errors) == (0, "")
    found = {one["check"]: one["status"] for one in json.loads(out)}
    assert (found["settings"], found["database"], found["workers"]) == ("ok", "ok", "warning")


def test_a_part_that_is_away_and_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [port] = free_ports(1)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://me:secret@127.0.0.1:{port}/x")
    code, out, _ = run(capsys)
    assert code == 4
    assert "\ndatabase\tunavailable\tThe database cannot be reached: " in out
    assert "secret" not in out
    monkeypatch.setenv("PORT", "many")
    code, out, _ = run(capsys)
    assert code == 1
    assert out.splitlines()[1].startswith("settings\tfault\tPORT cannot be used: ")


def test_on_a_terminal_nothing_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "70")
    code, out, errors = run(capsys)
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= 70
    [place] = [index for index, line in enumerate(lines) if line.startswith("warning      workers")]
    said = " ".join(line.strip() for line in lines[place : place + 4])
    assert "No worker runs: evaluations, jobs and what is answered later would wait." in said
    assert "-> Start one: `python -m app worker`." in said
    assert " ok, " in errors


def test_a_call_that_hangs_does_not_keep_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, aws: AwsStub
) -> None:
    ended, codes = threading.Event(), list[int]()

    def hang(request: Request) -> Answer:
        ended.wait(20)
        return Answer()

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    aws.respond = hang
    monkeypatch.setenv("STORAGE_URL", "s3://bucket/a")
    monkeypatch.setattr("app.services.upkeep.doctor.OF_STORAGE", 0.2)
    monkeypatch.setattr("app.cli.parts.examining.OF_THREADS", 0.1)
    monkeypatch.setattr("os._exit", end)  # which would end the tests
    code, out, _ = run(capsys, "--format", "json")
    found = {one["check"]: one["said"] for one in json.loads(out)}
    assert found["storage"] == "There was no answer within 0.2 s."
    assert found["database"].startswith("Postgres ")
    assert (code, codes) == (4, [4])
