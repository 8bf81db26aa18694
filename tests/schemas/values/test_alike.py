import pytest
from pydantic import JsonValue

from app.schemas.values.alike import alike

HUGE = 10**400


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1.0, 1, True),
        (1.0, 1.0000009, True),
        (1.0, 1.000002, False),
        (1e9, 1e9 + 900, True),
        (0.0, 1e-7, True),
        (HUGE, HUGE, True),
        (HUGE, HUGE + 1, False),
        (HUGE, 1.5, False),
        (True, 1, False),
        (True, True, True),
        ("a", "a", True),
        ("1", 1, False),
        (None, None, True),
        (None, 0, False),
        ([1.0, 2.0], [1.0, 2.0000001], True),
        ([1.0], [1.0, 2.0], False),
        ({"a": 0.5, "b": ["x"]}, {"b": ["x"], "a": 0.5000001}, True),
        ({"a": 0.5}, {"b": 0.5}, False),
        ({"a": 0.5}, [0.5], False),
    ],
)
def test_numbers_may_differ_by_what_single_precision_leaves_out(
    one: JsonValue, other: JsonValue, same: bool
) -> None:
    assert alike(one, other) is alike(other, one) is same
