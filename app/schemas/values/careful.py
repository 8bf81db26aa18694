"""A validator of a type that guesses at no time and no number, wherever inside the type they stand.

pydantic has no setting for it short of ``strict``, which refuses every text for a time, and JSON has nothing
else. So its schema of the type is taken, with a look in front of each part that is a time or a number.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import lru_cache, partial
from typing import TypeAlias, cast

from pydantic import TypeAdapter
from pydantic_core import CoreSchema, SchemaValidator
from pydantic_core.core_schema import (
    no_info_after_validator_function,
    no_info_before_validator_function,
)

from app.schemas.values.guesses import (
    EXAMPLES,
    Raw,
    exact_number,
    in_utc_unless_said,
    no_number_for,
    no_truth_value,
)

Precheck: TypeAlias = Callable[[Raw], Raw]
NO_SCHEMAS = frozenset({"default", "metadata", "serialization", "cls", "function", "expected", "config"})
"""What a part of a schema has that may look like another part."""
NUMBERS = ("int", "float", "decimal")


@lru_cache(maxsize=64)
def careful(adapter: TypeAdapter[object]) -> SchemaValidator:
    """Validates what the adapter does, less what is a guess."""
    return SchemaValidator(cast(CoreSchema, _guarded(adapter.core_schema)), None, _use_prebuilt=False)


@lru_cache(maxsize=64)
def careful_of(kind: type[object]) -> SchemaValidator:
    """Validates instances of a class."""
    return careful(TypeAdapter(kind))


def _guarded(part: object) -> object:
    if isinstance(part, Mapping):
        is_schema = isinstance(part.get("type"), str)  # else schemas by the names of fields, or by tags
        kept = NO_SCHEMAS if is_schema else frozenset[str]()
        copied = {key: one if key in kept else _guarded(one) for key, one in part.items()}
        return _with_looks(copied) if is_schema else copied
    if isinstance(part, list | tuple):
        return type(part)(map(_guarded, part))
    return part


def _with_looks(schema: dict[str, object]) -> object:
    look = _look_before(schema)
    if look is None:
        return schema
    reference = cast(str | None, schema.pop("ref", None))
    inner = cast(CoreSchema, schema)
    if schema["type"] == "datetime" and schema.get("tz_constraint") != "naive":
        inner = no_info_after_validator_function(in_utc_unless_said, inner)
    return no_info_before_validator_function(look, inner, ref=reference)


def _look_before(schema: Mapping[str, object]) -> Precheck | None:
    kind = schema["type"]
    if kind in EXAMPLES:
        return partial(no_number_for, str(kind))
    if kind in NUMBERS:
        return exact_number
    return no_truth_value if kind == "timedelta" or _has_numbers(schema) else None


def _has_numbers(schema: Mapping[str, object]) -> bool:
    """Whether a choice of values has numbers, for which true and false would be taken, and not those."""
    values = list(cast(Sequence[object], schema.get("expected", ())))
    values += [member.value for member in cast(Sequence[Enum], schema.get("members", ()))]
    return any(isinstance(one, int) for one in values) and not any(isinstance(one, bool) for one in values)
