"""One way to print for all commands: tables for people, CSV and JSON with full values for programs."""

import csv
import json
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, JsonValue

from app.cli.terminal import output
from app.cli.terminal.output import Column, Format
from app.cli.terminal.texts import in_digits

AT = datetime(2026, 1, 31, 12, 30, 15, 123456, UTC)


class Thing(BaseModel):
    id: int
    name: str
    value: float | None
    options: dict[str, JsonValue]
    at: datetime


THINGS = [
    Thing(id=1234, name="ä\tb\n", value=0.123456789, options={"a": [1]}, at=AT),
    Thing(id=5, name="=1+1", value=None, options={}, at=AT),
]
COLUMNS = ("id", "name", "value", "options", Column[Thing]("half", lambda one: (one.value or 0) / 2), "at")


def printed(capsys: pytest.CaptureFixture[str], form: Format) -> str:
    output.show(THINGS, COLUMNS, form)
    return capsys.readouterr().out


def test_json_has_all_that_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capsys, "json")) == [thing.model_dump(mode="json") for thing in THINGS]
    output.show_one(THINGS[0], "json", fields=("name",))
    assert json.loads(capsys.readouterr().out) == THINGS[0].model_dump(mode="json")
    output.show([{"a": AT}], ("a",), "json")
    assert json.loads(capsys.readouterr().out) == [{"a": "2026-01-31T12:30:15.123456Z"}]
    output.show(list[Thing](), COLUMNS, "json")
    assert json.loads(capsys.readouterr().out) == []


def test_csv_has_a_header_and_full_values_and_no_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = csv.DictReader(printed(capsys, "csv").splitlines(keepends=True))
    assert first == {
        "id": "1234",
        "name": "ä\tb\n",
        "value": "0.123456789",
        "options": '{"a":[1]}',
        "half": "0.0617283945",
        "at": "2026-01-31T12:30:15.123456Z",
    }
    assert (second["name"], second["value"]) == ("'=1+1", "")


def test_a_table_in_a_pipe_has_tabs_and_a_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.split("\t") for line in printed(capsys, "table").splitlines()]
    assert lines[0] == ["id", "name", "value", "options", "half", "at"]
    assert lines[1][:4] == ["1234", "ä?b?", "0.123456789", '{"a":[1]}']
    assert len(lines) == 3


def test_one_thing_has_a_line_a_field(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output.show_one(THINGS[1])
    assert capsys.readouterr().out.splitlines()[1:3] == ["id\t5", "name\t=1+1"]
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    output.show_one(THINGS[1], fields=("id", "value", "name"))
    assert capsys.readouterr().out.splitlines() == [
        "╭───────┬───────╮",
        "│ field │ value │",
        "├───────┼───────┤",
        "│ id    │ 5     │",
        "│ name  │ =1+1  │",
        "╰───────┴───────╯",
    ]


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ([1234567, -1, None], ["1,234,567", "-1", ""]),
        ([0.371, 12.345, 1234567.8], ["0.3710   ", "12.35  ", "1,234,568"]),
        ([0.0, 0.000123456, 1e-9, 1e20], ["0", "0.0001235", "1e-09", "1e+20"]),
        ([float("nan"), float("inf"), 9.99996], ["nan", "inf", "10.000"]),
    ],
)
def test_numbers_have_the_digits_that_count(cells: list[float | None], texts: list[str]) -> None:
    assert [text.strip() for text in in_digits(cells)] == [text.strip() for text in texts]
    assert in_digits([1234], is_name=True) == ["1234"]


def test_points_are_below_each_other() -> None:
    assert in_digits([0.371, 12.345, None, 1234567.8]) == ["0.3710", "12.35  ", "", "1,234,568     "]
