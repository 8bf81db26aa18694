"""Whether an input is read back as it was given, from what would be stored of it."""

import operator
from collections import deque
from collections.abc import Mapping
from dataclasses import is_dataclass

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic.fields import FieldInfo

from app.core.errors import FieldError, InvalidInput
from app.core.strict_json import canonical
from app.schemas.faults import faults_of
from app.schemas.values.careful import careful_of

DETAIL = "The input cannot be stored: it would be read back as another one."
OTHER = "is another value when it is read back: the type of this field must read what it stores"


def dumped(given: BaseModel) -> object:
    """An input as JSON, as it is stored."""
    return given.model_dump(mode="json", by_alias=True, round_trip=True)


def require_readable(given: BaseModel, payload: Mapping[str, JsonValue], *, path: str = "") -> None:
    """InvalidInput names the fields that come back as others, or not at all. ``path`` is where the input is.

    What can be told of a class is refused at start (use_case.stored_form); the rest only shows in a value: in
    itself, or, where its class compares nothing, in what would be stored of it.
    """
    try:
        read: BaseModel = careful_of(type(given)).validate_python(payload)
    except ValidationError as error:
        raise InvalidInput(DETAIL, errors=faults_of(error, path)) from error
    pairs = ((name, getattr(given, name), getattr(read, name)) for name in type(given).model_fields)
    unequal = [pair for pair in pairs if operator.eq(*pair[1:]) is not True]  # of arrays it is another array
    again = dumped(read) if unequal else payload
    errors = [
        FieldError(f"{path}.{name}".removeprefix("."), OTHER)
        for name, one, other in unequal
        if not is_same(one, other) or _is_changed(type(given).model_fields[name], name, payload, again)
    ]
    if errors:
        raise InvalidInput(DETAIL, errors=errors)


def _is_changed(field: FieldInfo, name: str, payload: Mapping[str, JsonValue], again: object) -> bool:
    """Whether something else would be stored of what is read of the field."""
    stored = field.serialization_alias or name
    return not isinstance(again, dict) or canonical(payload.get(stored)) != canonical(again.get(stored))


def is_same(given: object, read: object) -> bool:
    """Whether two values are equal: NaN is NaN, and arrays go by their items.

    Of a class that compares nothing there is no more to see than that both are of it.
    """
    if type(given).__eq__ is object.__eq__:
        return type(given) is type(read)
    if isinstance(given, Mapping) and isinstance(read, Mapping):
        return given.keys() == read.keys() and all(is_same(one, read[key]) for key, one in given.items())
    if isinstance(given, list | tuple | deque) and isinstance(read, list | tuple | deque):
        return len(given) == len(read) and all(map(is_same, given, read))
    if isinstance(given, float) and isinstance(read, int):
        return given == read or canonical(given) == canonical(read)  # 1e16 comes back as an integer
    if (isinstance(given, BaseModel) or is_dataclass(given)) and hasattr(given, "__dict__"):
        return type(given) is type(read) and is_same(vars(given), vars(read))
    return _is_equal(given, read)


def _is_equal(given: object, read: object) -> bool:
    if getattr(given, "shape", ()) != getattr(read, "shape", ()):
        return False
    equal, unlike = operator.eq(given, read), (operator.ne(given, given), operator.ne(read, read))
    if all(isinstance(one, bool) for one in (equal, *unlike)):
        return equal is True or all(unlike)
    import numpy as np  # what is compared item by item is an array, or like one

    are_none = np.logical_and(*unlike)
    return bool(np.all(np.logical_or(equal, are_none)))
