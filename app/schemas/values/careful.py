"""A validator of a type that guesses at no time and no number, wherever inside the type they stand.

pydantic has no setting for it short of ``strict``, which refuses every text for a time, and JSON has nothing
else. So its schema of the type is taken, with a look in front of each part that is a time or a number.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from typing import TypeAlias, cast

from pydantic import TypeAdapter
from pydantic_core import CoreSchema, SchemaValidator
from pydantic_core.core_schema import (
    no_info_after_validator_function,
    no_info_before_validator_function,
    no_info_wrap_validator_function,
)

from app.schemas.values.containers import json_inside, with_every_key
from app.schemas.values.durations import plain_duration
from app.schemas.values.guesses import (
    EXAMPLES,
    Raw,
    as_decimal,
    exact_number,
    finite_number,
    no_number_for,
    of_its_kind,
    storable_moment,
    whole_number,
)

Precheck: TypeAlias = Callable[[Raw], Raw]
NO_SCHEMAS = frozenset({"default", "metadata", "serialization", "cls", "function", "expected", "config"})
"""What a part of a schema has that may look like another part."""
LOOKS: Mapping[str, Precheck] = {
    "int": lambda value: exact_number(whole_number(value)),
    "float": finite_number,
    "decimal": exact_number,
    "bool": whole_number,
    "timedelta": plain_duration,
    "json": json_inside,
}
KEYED = ("dict", "counter")
OF_A_NAME = ("definition-ref", "model", "dataclass", "typed-dict")
"""What a fault in a union calls by the name of the class."""


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
        if part.get("type") == "union":
            copied["choices"] = [*map(_labelled, part["choices"], cast(list[object], copied["choices"]))]
        return _with_looks(copied, _look_before(part)) if is_schema else copied
    if isinstance(part, list | tuple):
        return type(part)(map(_guarded, part))
    return part


def _labelled(choice: object, guarded: object) -> object:
    """The guarded choice of a union, which faults call what it was: its looks are nothing to a caller."""
    if isinstance(choice, tuple) or _kind(choice) in OF_A_NAME:
        return guarded
    return guarded, _kind(choice)


def _with_looks(schema: dict[str, object], look: Precheck | None) -> object:
    kind = schema["type"]
    if look is None and kind not in KEYED:
        return schema
    reference = cast(str | None, schema.pop("ref", None))
    inner = cast(CoreSchema, schema)
    if look is None:
        return no_info_wrap_validator_function(with_every_key, inner, ref=reference)
    if kind == "json":
        inner = cast(CoreSchema, schema.get("schema", {"type": "any"}))
    if kind == "datetime" and schema.get("tz_constraint") != "naive":
        inner = no_info_after_validator_function(storable_moment, inner)
    return no_info_before_validator_function(look, inner, ref=reference)


def _look_before(schema: Mapping[str, object]) -> Precheck | None:
    kind = str(schema["type"])
    if kind in EXAMPLES:
        return partial(no_number_for, kind)
    if kind == "union":
        return as_decimal if "decimal" in map(_kind, cast(Sequence[object], schema["choices"])) else None
    choices = _choices(schema)
    if any(isinstance(one, int | float | Decimal) for one in choices):
        return partial(of_its_kind, choices)
    return LOOKS.get(kind)


def _kind(choice: object) -> object:
    """Of a schema in a union, which may have a label beside it."""
    return cast(Mapping[str, object], choice[0] if isinstance(choice, tuple) else choice)["type"]


def _choices(schema: Mapping[str, object]) -> list[object]:
    members = cast(Sequence[Enum], schema.get("members", ()))
    return [*cast(Sequence[object], schema.get("expected", ())), *(member.value for member in members)]
