import pytest
from pydantic import JsonValue

from app.backends.wire.formats import ContentType
from app.backends.wire.replies import CsvReply, decode, json_object
from app.core.errors import BadOutput

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"


@pytest.mark.parametrize(
    ("content_type", "body", "outputs"),
    [
        (CSV, "0.5\n1\n", [0.5, 1]),
        (CSV, "0.1,0.7,0.2", [[0.1, 0.7, 0.2]]),
        (CSV, "0.1, 0.7\r\n0.3, 0.4\r\n", [[0.1, 0.7], [0.3, 0.4]]),
        (CSV, 'setosa,"a,b"\n007,NA', [["setosa", "a,b"], ["007", "NA"]]),
        (CSV, "<=50K\n>50K", ["<=50K", ">50K"]),
        (CSV, "-1\n+2.\n.5\n-3E-2\n1_000", [-1, 2.0, 0.5, -0.03, "1_000"]),
        ("TEXT/CSV ; charset=utf-8", "\ufeff1\n2", [1, 2]),
        (CSV, "9007199254740993", [9007199254740993]),
        (JSON, "[1, [0.2, 0.8], null]", [1, [0.2, 0.8], None]),
        ("application/json; charset=utf-8", '{"predictions": [{"score": 1}], "model": "x"}', [{"score": 1}]),
        (JSON, '{"scores": [1, 2]}', [1, 2]),
        (JSON, '{"projections": [[1, 2]]}', [[1, 2]]),
        (LINES, '{"score": 1}\n{"score": 2}\n', [{"score": 1}, {"score": 2}]),
        ("application/x-ndjson", '"a\u2028b"\n2', ["a\u2028b", 2]),
        ("application/vnd.Foo+JSON; v=2", "[1]", [1]),
        ("text/json", "[1]", [1]),
        ("application/jsonl", "1\n2", [1, 2]),
    ],
)
def test_each_format_gives_one_output_per_row(content_type: str, body: str, outputs: list[JsonValue]) -> None:
    decoded = decode(body.encode(), content_type, len(outputs))
    assert decoded == outputs
    assert [type(value) for value in decoded] == [type(value) for value in outputs]


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e400"])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [(CSV, "1\n{}\n3"), (CSV, "1\n0.5,{}\n3"), (JSON, "[1, {}, 3]"), (LINES, "1\n{}\n3")],
)
def test_a_row_that_is_no_number_leaves_its_neighbours_alone(
    content_type: str, body: str, value: str
) -> None:
    first, second, third = decode(body.replace("{}", value).encode(), content_type, 3)
    assert (first, third) == (1, 3)
    assert isinstance(second, BadOutput)


@pytest.mark.parametrize(
    ("content_type", "row", "cause"),
    [
        (CSV, "", "empty cell"),
        (CSV, "0.5,", "empty cell"),
        (CSV, "inf", "answered inf"),
        (CSV, "9" * 309, "finite"),
        (CSV, "9" * 5000, "finite"),
        (CSV, "a\0b", "U+0000"),
        (LINES, '{"score":', "not valid JSON"),
        (LINES, "", "not valid JSON"),
        (LINES, '"\\ud800"', "surrogate"),
    ],
)
def test_an_unusable_row_says_why(content_type: str, row: str, cause: str) -> None:
    first, second, third = decode(f"1\n{row}\n3".encode(), content_type, 3)
    assert (first, third) == (1, 3)
    assert isinstance(second, BadOutput)
    assert cause in second.detail


@pytest.mark.parametrize(
    ("content_type", "body", "rows", "cause"),
    [
        (CSV, b"", 1, "empty body"),
        (JSON, b" \r\n", 1, "empty body"),
        (CSV, b"0.1,0.2,0.3", 3, "answered 1 rows for 3"),
        (CSV, b"0.1\n0.2\n0.3", 1, "answered 3 rows for 1"),
        (CSV, b"0.1\n\n0.2", 2, "answered 3 rows for 2"),
        (JSON, b"[]", 2, "answered 0 rows for 2"),
        (LINES, b'{"predictions": [1, 2]}', 2, "answered 1 rows for 2"),
        (CSV, b'{"predictions": [1]}', 1, "announced CSV"),
        (CSV, b"[0.1, 0.9]", 1, "announced CSV"),
        (CSV, b"<html><body>down</body></html>", 1, "announced CSV"),
        (CSV, b'1\n"2', 2, "broken CSV"),
        (JSON, b"0.1,0.2", 1, "announced JSON"),
        (JSON, b"[0.1, 0.2", 2, "announced JSON"),
        (JSON, b"[" * 100_000, 1, "announced JSON"),
        (JSON, b"[" + b"9" * 5000 + b"]", 1, "announced JSON"),
        (JSON, b"0.5", 1, "neither a list"),
        (JSON, b'{"error": "x"}', 1, "neither a list"),
        (JSON, b'{"predictions": 1}', 1, "neither a list"),
        (JSON, b'{"predictions": [1], "scores": [2]}', 1, "neither a list"),
        (JSON, b"\xff", 1, "UTF-8"),
        ("text/html; charset=utf-8", b"1", 1, "'text/html'"),
        ("", b"1", 1, "''"),
    ],
)
def test_an_answer_whose_rows_cannot_be_told_apart_fails_the_call(
    content_type: str, body: bytes, rows: int, cause: str
) -> None:
    with pytest.raises(BadOutput) as caught:
        decode(body, content_type, rows)
    assert cause in caught.value.detail


@pytest.mark.parametrize(("csv_reply", "rows"), [("one_line", 3), ("lines", 1)])
def test_the_built_in_xgboost_answers_all_rows_in_one_line(csv_reply: CsvReply, rows: int) -> None:
    expected: list[JsonValue] = [0.1, 0.2, 0.3]
    decoded = decode(b"0.1,0.2,0.3", CSV, rows, csv_reply=csv_reply)
    assert decoded == (expected if csv_reply == "one_line" else [expected])


def test_one_line_refuses_more_and_keeps_neighbours() -> None:
    with pytest.raises(BadOutput, match="2 CSV lines where one"):
        decode(b"1\n2", CSV, 2, csv_reply="one_line")
    first, second = decode(b"1,nan", CSV, 2, csv_reply="one_line")
    assert first == 1
    assert isinstance(second, BadOutput)


UNTOLD = ["text/plain; charset=utf-8", "application/octet-stream", "", "Text/Plain", "*/*"]


@pytest.mark.parametrize("content_type", UNTOLD)
@pytest.mark.parametrize(
    ("kind", "body"),
    [("text/csv", b"1\n2"), ("application/json", b"[1, 2]"), ("application/jsonlines", b"1\n2")],
)
def test_what_an_answer_does_not_tell_may_be_told(content_type: str, kind: ContentType, body: bytes) -> None:
    assert decode(body, content_type, 2, otherwise=kind) == [1, 2]
    with pytest.raises(BadOutput, match="the option answer_type"):
        decode(body, content_type, 2)


def test_what_is_told_counts_only_where_the_answer_tells_nothing() -> None:
    assert decode(b"[1, 2]", JSON, 2, otherwise="text/csv") == [1, 2]
    assert decode(b"1\n2", CSV, 2, otherwise="application/json") == [1, 2]


@pytest.mark.parametrize("page", ["text/html", "Text/HTML; charset=utf-8", "text/xml", "application/xml"])
@pytest.mark.parametrize("kind", ["text/csv", "application/json", "application/jsonlines"])
def test_a_page_is_no_answer_whatever_is_told(page: str, kind: ContentType) -> None:
    with pytest.raises(BadOutput, match="CSV, JSON and JSON Lines"):
        decode(b"1", page, 1, otherwise=kind)
    with pytest.raises(BadOutput):
        json_object(b"{}", page, kind)


def test_an_answer_under_a_key() -> None:
    body = b'{"probabilities": [0.5, NaN], "labels": [1, 2]}'
    first, second = decode(body, JSON, 2, key="probabilities")
    assert first == 0.5
    assert isinstance(second, BadOutput)
    assert decode(b"1\n2", CSV, 2, key="probabilities") == [1, 2]


@pytest.mark.parametrize(
    "body", [b"[1, 2]", b'{"b": [1, 2]}', b'{"a": [1]}', b'{"a": 1}', b'{"a": {"x": 1}}']
)
def test_no_list_of_the_rows_under_the_key(body: bytes) -> None:
    with pytest.raises(BadOutput, match="no list of 2 under the answer_key"):
        decode(body, JSON, 2, key="a")


def test_an_object_may_be_announced_as_any_json() -> None:
    assert json_object(b'{"a": 1}', "application/vnd.foo+json") == {"a": 1}
    assert json_object(b'{"a": 1}', "text/plain", "application/json") == {"a": 1}
    with pytest.raises(BadOutput, match="'text/plain'; application/json was expected"):
        json_object(b'{"a": 1}', "text/plain")
