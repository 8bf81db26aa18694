"""Arguments and files that are no text in UTF-8."""

import os
from pathlib import Path

import pytest

from app.cli import main

BROKEN = os.fsdecode(b"order\xfe")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str]:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    out, errors = capsys.readouterr()
    assert out == ""
    return caught.value.code, errors


@pytest.mark.parametrize(
    "command",
    [
        ("records", "get", BROKEN),
        ("predict", "--model", "m", BROKEN),
        ("records", "purge", f"--prefix={BROKEN}"),
        ("records", "purge", "--prefix", BROKEN),
        ("evaluate", "history", "--metric", BROKEN),
        ("evaluate", "history", "--bucket", BROKEN),
        ("evaluate", "run", "--slice", BROKEN),
        ("models", "rollback", BROKEN),
    ],
)
def test_an_argument_that_cannot_be_decoded_is_refused(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    code, errors = run(capsys, *command)
    assert (code, errors.count("\n")) == (1, 1)
    assert "order?' is not text in UTF-8" in errors


def test_a_file_may_be_called_anything(capsys: pytest.CaptureFixture[str]) -> None:
    Path(BROKEN).write_bytes(b"")
    code, errors = run(capsys, "records", "import", BROKEN, "--format", "csv")
    assert (code, "id is missing" in errors) == (1, True)


def test_a_list_of_ids_that_cannot_be_decoded_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("ids.txt").write_bytes(b"a\norder\xfe\n")
    code, errors = run(capsys, "jobs", "start", "--model", "m", "--ids-file", "ids.txt")
    assert (code, errors.count("\n")) == (1, 1)
    assert "ids.txt" in errors
    assert "UTF-8" in errors
