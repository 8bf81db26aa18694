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

NUMBERS: Cursor[int] = Cursor("numbers", TypeAdapter(RowId))
RECORDS: Cursor[str] = Cursor("records", TypeAdapter(RecordIdText))
MOMENTS: Cursor[tuple[datetime, int]] = Cursor("moments", TypeAdapter(tuple[datetime, RowId]))


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
    "inside",
    [
        *(b"x", b"5", b"null", b"\xff", b"[]", b'["numbers"]', b'["numbers",5,5]', b'["records",5]'),
        *(b'["numbers",0]', b'["numbers",-1]', b'["numbers",9223372036854775808]', b'["numbers",null]'),
        # Read loosely each of these is a number.
        *(b'["numbers",true]', b'["numbers",5.0]', b'["numbers","5"]', b'["numbers", 5]', b'["numbers",NaN]'),
    ],
)
def test_what_no_page_handed_out_is_refused(inside: bytes) -> None:
    for cursor in (base64.urlsafe_b64encode(inside).decode().rstrip("="), inside.decode("latin-1")):
        is_refused(cursor)


def test_a_cursor_is_its_lists_own_and_has_one_spelling() -> None:
    number = NUMBERS.encode(5)
    for cursor in (RECORDS.encode("5"), MOMENTS.encode((datetime(2026, 1, 3, tzinfo=UTC), 5)), f"{number}="):
        is_refused(cursor)
    assert NUMBERS.decode(number) == 5


def is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor") as caught:
        NUMBERS.decode(cursor)
    assert [fault.field for fault in caught.value.errors] == ["cursor"]


def test_the_page_is_cut_and_the_next_one_named() -> None:
    assert NUMBERS.cut([5, 4, 3], 2, lambda last: last) == ([5, 4], NUMBERS.encode(4))
    assert NUMBERS.cut([5, 4], 2, lambda last: last) == ([5, 4], None)
    assert NUMBERS.cut([], 2, lambda last: last) == ([], None)
