"""One codec for every list's cursors."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.core.cursors import Cursor
from app.core.errors import InvalidInput
from app.schemas.ids import RecordIdText, RowId

NUMBERS: Cursor[int] = Cursor(TypeAdapter(RowId))
RECORDS: Cursor[str] = Cursor(TypeAdapter(RecordIdText))
MOMENTS: Cursor[tuple[datetime, int]] = Cursor(TypeAdapter(tuple[datetime, RowId]))


@given(st.integers(1, 2**63 - 1), st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=3))
def test_a_place_comes_back(number: int, record_id: str) -> None:
    assert NUMBERS.decode(NUMBERS.encode(number)) == number
    assert RECORDS.decode(RECORDS.encode(record_id[:200])) == record_id[:200]
    place = datetime(2026, 1, 3, tzinfo=UTC), number
    assert MOMENTS.decode(MOMENTS.encode(place)) == place


def test_no_cursor_is_the_first_page() -> None:
    assert NUMBERS.decode(None) is None
    assert NUMBERS.decode("") is None


@pytest.mark.parametrize(
    "inside", [b"x", b"0", b"-1", b"9223372036854775808", b"null", b"[1]", b"\xff", b'"a"']
)
def test_what_no_page_handed_out_is_refused(inside: bytes) -> None:
    for cursor in (base64.urlsafe_b64encode(inside).decode(), inside.decode("latin-1") or "="):
        with pytest.raises(InvalidInput, match="cursor") as caught:
            NUMBERS.decode(cursor)
        assert [fault.field for fault in caught.value.errors] == ["cursor"]


def test_the_page_is_cut_and_the_next_one_named() -> None:
    assert NUMBERS.cut([5, 4, 3], 2, lambda last: last) == ([5, 4], NUMBERS.encode(4))
    assert NUMBERS.cut([5, 4], 2, lambda last: last) == ([5, 4], None)
    assert NUMBERS.cut([], 2, lambda last: last) == ([], None)
