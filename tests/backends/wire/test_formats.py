import json

import pytest
from pydantic import JsonValue

from app.backends.wire.formats import ROWS, ContentType, RequestFormat, RowForm
from app.core.errors import UserCodeError
from app.schemas.rows import Row

FEATURES = ("a", "b", "c")
FORMATS: list[ContentType] = ["text/csv", "application/json", "application/jsonlines"]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ([1, 2.5, "x"], "1,2.5,x"),
        ([None, True, False], ",1,0"),
        ([2**63 + 1, 1e20, 0.1], "9223372036854775809,1e+20,0.1"),
        (["a,b", 'say "hi"', "two\nlines"], '"a,b","say ""hi""","two\nlines"'),
        ([" padded", "\r", ""], '" padded","\r",""'),
        (["zürich", "007", "it's"], "zürich,007,it's"),
        ([None], '""'),
    ],
)
def test_csv_quotes_only_what_would_be_misread(row: Row, line: str) -> None:
    assert RequestFormat("text/csv", FEATURES).row(row) == line.encode()


def test_csv_has_no_header_and_one_line_per_row() -> None:
    assert RequestFormat("text/csv", FEATURES).body([[1, 2], [3, 4]]) == b"1,2\n3,4"


@pytest.mark.parametrize("nested", [[1], {"x": 1}])
def test_csv_names_the_feature_that_holds_a_nested_value(nested: list[int] | dict[str, int]) -> None:
    with pytest.raises(UserCodeError, match=r"'b' cannot be sent: text/csv has no place for a (list|dict)"):
        RequestFormat("text/csv", FEATURES).row([1, nested, 2])  # type: ignore[list-item]


@pytest.mark.parametrize("content_type", FORMATS)
@pytest.mark.parametrize("value", [float("nan"), float("-inf"), "\ud800", 1j])
def test_what_no_format_carries_is_named(content_type: ContentType, value: float | str) -> None:
    with pytest.raises(UserCodeError, match="The feature 'c'"):
        RequestFormat(content_type, FEATURES).row([1, 2, value])


def test_a_column_without_a_name_is_counted() -> None:
    with pytest.raises(UserCodeError, match="'column 2'"):
        RequestFormat("text/csv", ["only"]).row([1, float("nan")])


def test_json_is_a_bare_list_or_wrapped() -> None:
    rows: list[Row] = [[1, None], [True, {"é": 2**70}]]
    assert json.loads(RequestFormat("application/json", FEATURES).body(rows)) == rows
    wrapped = RequestFormat("application/json", FEATURES, envelope={"instances": ROWS})
    assert json.loads(wrapped.body(rows)) == {"instances": rows}
    assert json.loads(wrapped.body([])) == {"instances": []}


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("objects", {"a": 1, "b": None, "c": "x"}),
        ("features", {"features": [1, None, "x"]}),
        ("values", {"data": {"features": {"values": [1, None, "x"]}}}),
    ],
)
def test_rows_have_the_form_that_is_asked_for(form: RowForm, row: JsonValue) -> None:
    request = RequestFormat("application/json", FEATURES, envelope={"instances": ROWS}, form=form)
    assert json.loads(request.body([[1, None, "x"]] * 2)) == {"instances": [row, row]}
    lines = RequestFormat("application/jsonlines", FEATURES, form=form).body([[1, None, "x"]] * 2)
    assert [json.loads(line) for line in lines.split(b"\n")] == [row, row]
    with pytest.raises(UserCodeError, match="The feature 'b'"):
        request.row([1, float("nan"), 2])


def test_csv_may_have_a_header() -> None:
    request = RequestFormat("text/csv", ["a", "b,c", ""], header=True)
    assert request.body([[1, 2, 3], [4, 5, 6]]) == b'a,"b,c",""\n1,2,3\n4,5,6'
    assert request.row([1, 2, 3]) == b"1,2,3"
    assert request.overhead == len(b'a,"b,c",""\n')


def test_json_lines_keep_a_line_break_within_its_row() -> None:
    body = RequestFormat("application/jsonlines", FEATURES).body([["a\nb"], [2]])
    assert [json.loads(line) for line in body.split(b"\n")] == [["a\nb"], [2]]


@pytest.mark.parametrize("content_type", FORMATS)
def test_overhead_and_rows_account_for_every_byte(content_type: ContentType) -> None:
    request = RequestFormat(content_type, FEATURES, envelope={"columns": [*FEATURES], "data": ROWS, "n": 1})
    rows: list[Row] = [[1, "é"], [2, None], [3.5, "x"]]
    lengths = sum(len(request.row(row)) for row in rows)
    assert len(request.body(rows)) == request.overhead + lengths + len(rows) - 1
