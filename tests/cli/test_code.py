"""What the key knows of the code, as a command shows it."""

import pytest

from app.cli import main
from tests.support.use_case import PACKAGE, TRANSIT


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as caught:
        main(["code"])
    out, _ = capsys.readouterr()
    assert caught.value.code == 0
    return out.splitlines()


def test_each_stage_is_shown_with_what_it_is_made_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USE_CASE", PACKAGE)
    lines = shown(capsys)
    assert lines[0] == f"Pipeline version: {TRANSIT.fingerprint}"
    stages = [line for line in lines[1:] if not line.startswith(" ")]
    assert stages == [f"{name}: {stage.fingerprint}" for name, stage in TRANSIT.stages.items()]
    preprocess = lines[lines.index(stages[1]) :]
    assert "app.schemas.rows" in preprocess[1]
    assert "pydantic" in preprocess[2]


def test_a_version_that_is_set_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_VERSION", "mine")
    assert shown(capsys)[:2] == [
        "Pipeline version: mine",
        "PIPELINE_VERSION says so: none of what follows counts.",
    ]
