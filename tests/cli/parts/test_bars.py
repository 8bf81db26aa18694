"""How far a command's own work is, on a terminal and elsewhere."""

import pytest

from app.cli.parts import bars


def test_elsewhere_there_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("app.cli.parts.bars.time.monotonic", lambda: now)
    with bars.bar("Deleting", 10_000) as told:
        told(10)
        now = 10.0
        told(2000)
        told(2001)
        now = 20.0
        told(8000, 16_000)
    with bars.bar("Looking") as told:
        now = 40.0
        told(500)
    assert capsys.readouterr().err.splitlines() == [
        "Deleting: 2,000 of 10,000, 200 a second, 40 s left.",
        "Deleting: 8,000 of 16,000, 400 a second, 20 s left.",
        "Looking: 500, 25 a second.",
    ]


def test_on_a_terminal_there_is_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "100")
    with bars.bar("Deleting", 100) as told:
        told(40)
    out, errors = capsys.readouterr()
    assert out == ""
    assert "Deleting" in errors
    assert "40/100" in errors
