"""The answer to a payload: all of it is one output."""

import pytest
from pydantic import JsonValue

from app.backends.wire.formats import ContentType
from app.backends.wire.replies import decode_whole
from app.core.errors import BadOutput

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"


@pytest.mark.parametrize(
    ("content_type", "body", "output"),
    [
        (JSON, '{"predictions": [1]}', {"predictions": [1]}),
        (JSON, "[0.1, 0.9]", [0.1, 0.9]),
        (JSON, '"cat"', "cat"),
        (JSON, "null", None),
        ("application/vnd.x+json", "3", 3),
        (CSV, "0.1,0.9\n", [0.1, 0.9]),
        (CSV, "0.5", 0.5),
        (CSV, "cat,0.9\ndog,0.1\n", [["cat", 0.9], ["dog", 0.1]]),
        (LINES, '{"label": 1}\n', {"label": 1}),
        (LINES, "1\n2\n", [1, 2]),
        ("text/plain; charset=utf-8", "a cat, I think\r\n", "a cat, I think"),
        ("text/markdown", "# cat", "# cat"),
    ],
)
def test_each_kind_of_answer(content_type: str, body: str, output: JsonValue) -> None:
    assert decode_whole(body.encode(), content_type) == output


@pytest.mark.parametrize(
    ("kind", "output"), [("application/json", [1, 2]), ("text/csv", ["[1", "2]"]), (None, "[1,2]")]
)
def test_text_is_what_it_is_told_to_be(kind: ContentType | None, output: JsonValue) -> None:
    if kind == "text/csv":  # what looks like JSON is none
        with pytest.raises(BadOutput, match="announced CSV"):
            decode_whole(b"[1,2]", "text/plain", otherwise=kind)
    else:
        assert decode_whole(b"[1,2]", "text/plain", otherwise=kind) == output


def test_what_is_under_the_key() -> None:
    assert decode_whole(b'{"a": {"b": 1}}', JSON, key="a") == {"b": 1}
    for body in (b'{"b": 1}', b"[1]", b"1"):
        with pytest.raises(BadOutput, match="nothing under the answer_key"):
            decode_whole(body, JSON, key="a")


@pytest.mark.parametrize(
    ("content_type", "body", "cause"),
    [
        ("application/octet-stream", b"\x01", "'application/octet-stream'"),
        ("image/png", b"\x89PNG", "'image/png'"),
        ("", b"cat", "''"),
        ("text/html", b"<html>", "'text/html'"),
        ("text/xml", b"<a/>", "'text/xml'"),
        ("text/plain", b" \n", "empty body"),
        ("text/plain", b"\xff", "UTF-8"),
        (JSON, b"{", "announced JSON"),
    ],
)
def test_what_is_no_answer(content_type: str, body: bytes, cause: str) -> None:
    with pytest.raises(BadOutput) as caught:
        decode_whole(body, content_type)
    assert cause in caught.value.detail


@pytest.mark.parametrize(
    ("content_type", "body"),
    [(JSON, b"[1, NaN]"), (CSV, b"nan"), (CSV, b"1\nnan"), (LINES, b"1\nNaN"), ("text/plain", b"a\0")],
)
def test_what_cannot_be_kept_is_the_records_own_error(content_type: str, body: bytes) -> None:
    assert isinstance(decode_whole(body, content_type), BadOutput)
