"""Objects of JSON that lose nothing on their way into a type."""

from collections.abc import Mapping, Sized

from pydantic import JsonValue
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from app.core import strict_json
from app.core.errors import InvalidInput


def with_every_key(given: object, read: ValidatorFunctionWrapHandler) -> object:
    """What is read of an object, unless two of its keys have become one ("1" and "01" as integers)."""
    made: object = read(given)
    if isinstance(given, Mapping) and isinstance(made, Sized) and len(made) < len(given):
        raise ValueError("must not have two keys that are the same one when they are read, as 1 and 01")
    return made


def json_inside(value: object) -> JsonValue:
    """The value that a text holds as JSON; pydantic would make doubles of its numbers."""
    if not isinstance(value, str):
        raise ValueError("must be a text that holds JSON")
    try:
        return strict_json.parse(value)
    except InvalidInput as error:
        raise ValueError(error.detail) from error
