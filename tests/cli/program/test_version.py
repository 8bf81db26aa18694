"""--version says what pyproject.toml says."""

import re
import tomllib
from pathlib import Path

import pytest

from app.cli import main
from app.cli.program import version

ROOT = Path(__file__).parents[3]


def test_it_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert not caught.value.code
    said = capsys.readouterr().out
    assert re.fullmatch(r"\S+ \S+( \([0-9a-f]+\))?, Python 3\.\S+\n", said)
    assert said.split(" (")[0].split(",")[0] == f"{project['name']} {project['version']}"


def test_without_a_checkout_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(version, "ROOT", tmp_path)
    assert "(" not in version.version()
