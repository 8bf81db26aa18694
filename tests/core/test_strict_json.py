"""What JSON is refused, and the canonical form of what is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from app.core.errors import InvalidInput
from app.core.strict_json import MAX_DEPTH, MAX_DIGITS, canonical, check, content_hash, parse
from tests.support.json_values import json_values


def nested(levels: int) -> JsonValue:
    value: JsonValue = 1
    for level in range(levels):
        value = [value] if level % 2 else {"k": value}
    return value


def in_doubles(value: JsonValue) -> object:
    """A number from 1e16 on comes back as an integer, of the same double."""
    return json.loads(json.dumps(value), parse_int=float)


@given(json_values())
def test_what_passes_comes_back_from_its_canonical_text(value: JsonValue) -> None:
    check(value)
    assert in_doubles(parse(canonical(value))) == in_doubles(value)
    assert canonical(parse(canonical(value))) == canonical(value)


@given(st.dictionaries(st.text(), json_values(max_leaves=3)))
def test_the_order_of_keys_does_not_count(value: dict[str, JsonValue]) -> None:
    assert content_hash(dict(reversed(value.items()))) == content_hash(value)


def test_types_stay_apart_and_zeros_do_not() -> None:
    apart: list[JsonValue] = [1, 1.0, "1", True, [1], {"1": 1}, 0, 0.0, None, "", [], {}, "null"]
    assert len({content_hash(value) for value in apart}) == len(apart)
    assert content_hash({"a": [-0.0]}) == content_hash({"a": [0.0]})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (r'{"a": {"b": [1, "x\u0000"]}}', "a.b[1]"),
        (r'{"a": {"x\u0000": 1}}', "a: a key"),
        (r'{"a": "\ud800"}', "a"),
        (r'{"a": {"\udfff": 1}}', "a: a key"),
        ('{"a": 1e400}', "a"),
        ("[1, -1e999]", "[1]"),
        (f'{{"a": 1{"0" * MAX_DIGITS}}}', "a"),
        (f'{{"a": -1{"0" * MAX_DIGITS}}}', "a"),
        ("[NaN]", "[0]"),
        ("[-Infinity]", "[0]"),
        ("1" * 5000, "digits"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested"),
        ("[" * 200_000, "nested"),
        ("{", "character 1"),
        ("", "character 0"),
    ],
)
def test_what_is_refused_is_named(text: str, place: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    assert place in caught.value.detail
    assert "\0" not in caught.value.detail
    caught.value.detail.encode()


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InvalidInput, match="UTF-8"):
        parse(b'"\xff"')


def test_the_bounds_themselves_pass() -> None:
    for value in (nested(MAX_DEPTH), 10**MAX_DIGITS - 1, 1e308, 5e-324, 2**53 + 1, "\x01\u2028\U0010ffff"):
        assert parse(json.dumps(value)) == value
    with pytest.raises(InvalidInput):
        check(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings_than_utf8_are_refused(encoding: str) -> None:
    with pytest.raises(InvalidInput, match="not valid"):
        parse('{"carrier": "é"}'.encode(encoding))


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse('\ufeff{"carrier": "é"}'.encode()) == {"carrier": "é"}
