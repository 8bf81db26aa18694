"""`python -m app records` for records one by one, in this process, on a real database."""

import csv
import io
import json
from pathlib import Path

import pytest

from app.cli import main
from tests.support.orders import order

ODD = "-r ä/b?#%2F"
"""A legal id that begins as an option does, and has what is special in a path."""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main(["records", *arguments])
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def put(capsys: pytest.CaptureFixture[str], *ids: str) -> None:
    for record_id in ids:
        assert run(capsys, "put", "--", record_id, json.dumps(order()))[0] == 0


def test_a_record_is_put_shown_and_put_again_under_a_condition(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = run(capsys, "put", "--format", "json", "--", ODD, json.dumps(order(1.5)))
    assert (code, errors) == (0, "Created.\n")
    assert run(capsys, "show", "--format", "json", "--", ODD) == (0, out, "")
    first = json.loads(out)
    Path("input.json").write_text(json.dumps(order(2.5)))
    changed = (
        "put",
        "--file",
        "input.json",
        "--format",
        "json",
        "--if-match",
        first["content_hash"],
        "--",
        ODD,
    )
    code, out, _ = run(capsys, *changed)
    assert (code, json.loads(out)["input"]) == (0, order(2.5))
    code, out, errors = run(capsys, *changed)
    assert (code, out) == (1, "")
    now = json.loads(run(capsys, "show", "--format", "json", "--", ODD)[1])
    assert errors == f"Error: The record's content hash is {now['content_hash']}.\n"
    assert (
        run(capsys, "put", "--only-new", "--", ODD, json.dumps(order()))[2]
        == "Error: There is such a record.\n"
    )


def test_an_input_comes_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(order()).encode())))
    assert run(capsys, "put", "a", "--file", "-")[0] == 0
    assert run(capsys, "show", "a")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("put", "a"), "Give INPUT as an argument, or --file FILE"),
        (("put", "a", "{"), "INPUT is JSON, in quotes for the shell"),
        (("put", "a", '{"carrier": 1}'), "The input does not fit.\n  carrier"),
        (("put", "..", "{}"), "This is no record id.\n  record_id: must not be"),
        (("label", "a", "--observed-at", "2026-01-01T00:00:00Z"), "--observed-at goes with a VALUE."),
        (("label", "a", "1", "--observed-at", "yesterday"), "--observed-at"),
        (("show", "none"), "There is no record 'none'."),
        (("unlabel", "none"), "There is no record 'none'."),
        (("delete", "--yes"), "Give ids, or --ids-file."),
        (("delete", "a", "b", "--if-match", "x", "--yes"), "--if-match is of one record."),
        (("delete", "a"), "This would delete record a: give --yes."),
    ],
)
def test_what_is_wrong_is_said(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    code, out, errors = run(capsys, *arguments)
    assert (code, out) == (1, "")
    assert said in errors


def test_a_truth_is_set_shown_and_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    put(capsys, "a")
    given = ("label", "a", "95.5", "--observed-at", "2026-01-31T00:00:00+01:00", "--format", "json")
    code, out, _ = run(capsys, *given)
    assert (code, json.loads(out)) == (0, {"value": 95.5, "observed_at": "2026-01-30T23:00:00Z"})
    assert run(capsys, "label", "a", "--format", "json") == (0, out, "")
    assert run(capsys, "unlabel", "a") == (0, "", "The truth is forgotten.\n")
    assert run(capsys, "label", "a") == (1, "", "Error: The record 'a' has no label.\n")
    assert "label" in run(capsys, "label", "a", "late")[2]


def test_records_are_listed_by_their_ids(capsys: pytest.CaptureFixture[str]) -> None:
    put(capsys, "b", "a/1", "a/2")
    run(capsys, "label", "a/2", "3")
    listed = list(csv.DictReader(io.StringIO(run(capsys, "list", "--prefix", "a/", "--format", "csv")[1])))
    assert [(one["id"], one["label"]) for one in listed] == [("a/1", ""), ("a/2", "3.0")]
    assert json.loads(listed[0]["input"]) == order()
    code, out, errors = run(capsys, "list", "--limit", "2", "--format", "json")
    assert (code, [one["id"] for one in json.loads(out)]) == (0, ["a/1", "a/2"])
    assert errors == "There are more than these 2: raise --limit.\n"


def test_records_are_deleted_by_a_file_and_what_is_not_there_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(capsys, "a", "b", ODD)
    Path("ids").write_text(f"b\n\n{ODD}\nc\n", encoding="utf-8")
    code, out, errors = run(capsys, "delete", "a", "--ids-file", "ids", "--yes")
    assert (code, out) == (3, "")
    assert errors == "  There is no record 'c'.\nDeleted: 3 of 4 records.\n"
    assert json.loads(run(capsys, "list", "--format", "json")[1]) == []
    assert run(capsys, "delete", "c", "--yes")[0] == 1
