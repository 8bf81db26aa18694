"""Old spellings are understood, and what only looks like one is left alone."""

import pytest

from app.cli.program.moved import as_now


@pytest.mark.parametrize(
    ("given", "now"),
    [
        (["predict", "--all"], ["jobs", "start", "--all"]),
        (["predict", "--where={}"], ["jobs", "start", "--where={}"]),
        (["predict", "--job", "12"], ["jobs", "show", "12"]),
        (["predict", "--job=12", "--output", "x"], ["jobs", "results", "12", "--output", "x"]),
    ],
)
def test_an_old_spelling(given: list[str], now: list[str]) -> None:
    assert as_now(given) == now


@pytest.mark.parametrize("ids", [["--all"], ["--job", "12"], ["a", "--since=1"]])
def test_ids_behind_two_dashes_are_ids(ids: list[str]) -> None:
    given = ["predict", "--format", "csv", "--", *ids]
    assert as_now(given) == given
