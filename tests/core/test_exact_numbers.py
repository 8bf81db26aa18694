"""Numbers with more digits than a double holds."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import strict_json
from app.core.errors import InvalidInput
from app.core.exact_numbers import LongNumber


@pytest.mark.parametrize("text", ["0.1", "1.5e3", "1e22", "-0.0", "0.30000000000000004", "5e-324", "1.0"])
def test_a_number_that_a_double_holds_is_one(text: str) -> None:
    assert type(strict_json.parse(text)) is float


@pytest.mark.parametrize(
    "text", ["98765432109876543.21", "0.1000000000000000055", "1e-400", "-3.14159265358979323846"]
)
def test_digits_are_kept(text: str) -> None:
    read = strict_json.parse(text)
    assert isinstance(read, LongNumber)
    assert (str(read), float(read)) == (text, float(text))
    assert json.dumps(read) == json.dumps(float(text))
    assert type(strict_json.parse(text, exact=False)) is float


@pytest.mark.parametrize(
    ("text", "whole"), [("98765432109876543.0", 98765432109876543), ("9007199254740993e0", 2**53 + 1)]
)
def test_a_whole_number_stays_whole(text: str, whole: int) -> None:
    assert strict_json.parse(text) == whole


@pytest.mark.parametrize("text", ["1e999", "-1e400", "1e99999999999"])
def test_what_is_too_large_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="must be finite"):
        strict_json.parse(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**300), max_value=10**300))
def test_no_number_becomes_another(given: Decimal) -> None:
    read = strict_json.parse(str(given).replace("E+", "e"))
    assert Decimal(str(read)) == given
