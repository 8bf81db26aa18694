"""What stands for a Python value is one; what does not stays to be refused."""

import numpy as np
import pytest

from app.core.numpy_values import unwrapped
from app.core.strict_json import MAX_DEPTH


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.float16(2), 2.0),
        (np.longdouble(2), 2.0),
        (np.int8(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array(1.5), 1.5),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([1.5], np.longdouble), [1.5]),
        (np.array([np.int64(1), None, "a"], object), [1, None, "a"]),
        (np.ma.masked_invalid([1.0, np.nan]), [1.0, None]),
        ({np.str_("a"): (np.int64(1), [np.float32(2)])}, {"a": [1, [2.0]]}),
        ([None, True, 1, 1.5, "a"], [None, True, 1, 1.5, "a"]),
    ],
)
def test_numpy_becomes_python(value: object, expected: object) -> None:
    found = unwrapped(value)
    assert repr(found) == repr(expected)


@pytest.mark.parametrize(
    "value",
    [
        np.datetime64("2026-01-01", "ns"),
        np.timedelta64(1, "s"),
        np.complex64(1),
        np.bytes_(b"a"),
        np.array(["2026-01-01"], "datetime64[ns]"),
        {1, 2},
    ],
)
def test_what_json_has_no_form_for_stays(value: object) -> None:
    assert unwrapped(value) is value


def test_a_list_within_itself_ends() -> None:
    endless: list[object] = []
    endless.append(endless)
    found, depth = unwrapped(endless), 0
    while isinstance(found, list) and found is not endless:
        found, depth = found[0], depth + 1
    assert depth == MAX_DEPTH + 1
