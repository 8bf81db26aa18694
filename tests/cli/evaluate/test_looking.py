"""Runs are listed and shown, and their metrics through time."""

import csv
import json

import pytest

from app.core.settings import Settings
from tests.cli.evaluate.running import done, run, table


def test_the_list_says_which_runs_there_are_and_what_they_found(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    done(settings, since="2013-02-01T00:00:00Z", metrics=["mae"])
    run(capsys, "run", "--detach")
    code, out, errors = run(capsys, "list")
    assert (code, errors) == (0, "")
    assert [
        (row["id"], row["version"], row["state"], row["since"], row["headline"]) for row in table(out)
    ] == [
        ("2", "1", "queued", "", ""),
        ("1", "1", "done", "2013-02-01T00:00:00Z", "mae 2.000"),
    ]
    code, out, errors = run(capsys, "list", "--limit", "1", "--format", "json")
    assert [one["id"] for one in json.loads(out)] == [2]
    assert errors == "There are more than these 1: raise --limit.\n"
    assert [row["id"] for row in table(run(capsys, "list", "--state", "done")[1])] == ["1"]


def test_a_run_is_shown_as_it_stands_and_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "run", "--detach")
    code, out, errors = run(capsys, "show", "1", "--now", "--format", "json")
    assert (code, json.loads(out)["state"]) == (0, "queued")
    assert errors.startswith("Evaluation 1 waits for a worker: transit, version 1; ")
    assert run(capsys, "cancel", "1")[1].startswith("Evaluation 1 is cancelled: ")
    assert run(capsys, "show", "1")[0] == 3
    assert "it is cancelled" in run(capsys, "cancel", "1")[2]


def test_the_history(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    done(settings, bucket="month")
    code, out, errors = run(capsys, "history", "--metric", "mae", "--slice", "", "--sort=-value")
    assert (code, errors) == (0, "")
    assert [(row["version"], row["bucket"], row["value"]) for row in table(out)] == [
        ("1", "2013-02", "2.0"),
        ("1", "", "1.6666666666666667"),
        ("1", "2013-01", "1.0"),
    ]
    code, out, errors = run(
        capsys, "history", "--at-least", "1.5", "--metric", "mae", "--format", "csv", "--limit", "1"
    )
    (row,) = csv.DictReader(out.splitlines())
    assert (code, row["value"]) == (0, "1.6666666666666667")
    assert errors == "There are more than these 1: raise --limit.\n"


@pytest.mark.parametrize("command", ["list", "history"])
def test_more_than_any_list_has(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, _, errors = run(capsys, command, "--limit", str(2**63 - 1))
    assert (code, "at most 1,000,000,000" in errors) == (2, True)
    assert run(capsys, command, "--limit", str(10**9))[0] == 0
