"""Values of numpy as the Python values that they stand for, since JSON knows only those.

Numpy itself takes as long to import as a fifth of this service: it is left to those who make such values.
"""

import sys
from typing import TYPE_CHECKING, TypeGuard

from app.core.strict_json import MAX_DEPTH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PLAIN_DTYPES = "biufUO"
"""The kinds of arrays whose ``tolist`` loses nothing; that of a date may be a bare number."""


def unwrapped(value: object, depth: int = 0) -> object:
    """The value with Python's numbers, texts and lists in place of numpy's, in lists and objects too.

    What has no JSON form, a numpy date say, stays as it is, for strict_json.check to name.
    """
    if value is None or type(value) in (str, int, float, bool) or depth > MAX_DEPTH:
        return value
    if _is_scalar(value):
        return _scalar(value)
    if is_array(value):
        return unwrapped(value.tolist(), depth) if value.dtype.kind in _PLAIN_DTYPES else value
    if isinstance(value, list | tuple):
        return [unwrapped(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_key(key): unwrapped(item, depth + 1) for key, item in value.items()}
    return value


def is_array(value: object) -> "TypeGuard[NDArray[np.generic]]":
    """Whether it is an array of numpy's; nothing is before somebody has imported that."""
    return isinstance(value, getattr(sys.modules.get("numpy"), "ndarray", ()))


def _is_scalar(value: object) -> "TypeGuard[np.generic]":
    return isinstance(value, getattr(sys.modules.get("numpy"), "generic", ()))


def _scalar(value: "np.generic") -> object:
    import numpy as np

    if isinstance(value, np.timedelta64):  # numpy takes it for an integer
        return value
    for kind, python in ((np.bool_, bool), (np.integer, int), (np.floating, float), (np.str_, str)):
        if isinstance(value, kind):
            return python(value)
    return value


def _key(key: object) -> object:
    return _scalar(key) if _is_scalar(key) else key
