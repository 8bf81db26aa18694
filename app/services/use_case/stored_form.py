"""Which parts of an input object would be stored as what cannot be read back, found at start.

It is looked for in pydantic's schema of the class, nested ones too. What a part stores through the user's own
serializer, or reads through their own validator, is only known of a value: each is looked at before it is
stored (records.normalise).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from pydantic import BaseModel, TypeAdapter

from app.core.errors import FieldError

PartSchema: TypeAlias = Mapping[str, object]
NOT_OF_JSON = {
    *("datetime", "date", "time", "timedelta", "decimal", "uuid", "bytes", "enum", "complex", "fraction"),
    *("tuple", "deque", "counter", "ordered-dict", "lax-or-strict"),
}
"""What JSON has as text, numbers, lists and objects, which ``strict`` refuses."""
OWN_READERS = ("function-before", "function-wrap", "function-plain", "chain", "json-or-python", "union")
LEFT_OUT = {
    *("fields", "definitions", "json_schema", "strict_schema"),
    *("metadata", "serialization", "default", "config", "expected"),
}
STRICT = "is strict, and JSON has no such value: give it strict=False"
UNORDERED = (
    "is a set, which has another order in every process: use list or tuple, or a serializer that sorts"
)
IN_ORDER = "has its keys in an order that is not kept: use dict, or a list of pairs"
FUTURE = "is not read again once its time has passed: use a type that does not go by the present"
ONCE_ONLY = "can be read once only: use list or tuple"
UNKEPT = {"set": UNORDERED, "frozenset": UNORDERED, "ordered-dict": IN_ORDER, "generator": ONCE_ONLY}
SECRET = "would be stored as asterisks: use another type, or a serializer that gives its value"
BYTES = "is stored as ser_json_bytes says, and read as UTF-8: leave that out, and use Base64Bytes"
INSTANCE = "is of a class that cannot be made of JSON: give it a validator"
TWO_NAMES = "is stored as {!r}, and not read by that name: give it `alias`, and no other one"
EXCLUDED = "must not have exclude=True: it would not be stored"
TAKEN = "is stored as {!r}, as another field is"


def unreadable(input_type: type[BaseModel]) -> Iterator[FieldError]:
    """A fault for each part, by its dotted place in the class."""
    schema = cast(PartSchema, TypeAdapter(input_type).core_schema)
    named = {str(one["ref"]): one for one in cast(list[PartSchema], schema.get("definitions", []))}
    yield from _Look(named).at(schema, _Place("InputObject"))


@dataclass(frozen=True)
class _Place:
    path: str
    config: PartSchema | None = None
    own_reader: bool = False
    """What is read here goes through code of the user's, or another of several ways, first."""
    own_writer: bool = False


class _Look:
    """Over a schema, in which each class that refers to itself or comes twice is looked at once."""

    def __init__(self, named: Mapping[str, PartSchema]) -> None:
        self._left = dict(named)

    def at(self, schema: PartSchema, place: _Place) -> Iterator[FieldError]:
        if schema["type"] == "definition-ref":
            if named := self._left.pop(str(schema["schema_ref"]), None):
                yield from self.at(named, place)
            return
        place = _inside(schema, place)
        if fault := _fault(schema, place):
            yield FieldError(place.path, fault)
            return
        taken = set[str]()
        for name, field in _fields(schema):
            yield from self._field(name, field, replace(place, path=f"{place.path}.{name}"), taken)
        for part in _parts(schema):
            yield from self.at(part, place)

    def _field(self, name: str, field: PartSchema, place: _Place, taken: set[str]) -> Iterator[FieldError]:
        stored = str(field.get("serialization_alias") or name)
        if place.own_writer:
            pass
        elif field.get("serialization_exclude") is True:
            yield FieldError(place.path, EXCLUDED)
        elif stored in taken:
            yield FieldError(place.path, TAKEN.format(stored))
        elif not _is_read_as(stored, name, field, place.config or {}):
            yield FieldError(place.path, TWO_NAMES.format(stored))
        taken.add(stored)
        yield from self.at(cast(PartSchema, field["schema"]), place)


def _inside(schema: PartSchema, place: _Place) -> _Place:
    config = cast(PartSchema | None, schema.get("config"))
    if schema["type"] in ("model", "dataclass", "typed-dict"):
        place = replace(place, config=config or {})
    return replace(
        place,
        own_reader=place.own_reader or schema["type"] in OWN_READERS,
        own_writer=place.own_writer or _has_own_writer(schema),
    )


def _has_own_writer(schema: PartSchema) -> bool:
    writer = cast(PartSchema, schema.get("serialization") or {})
    module = getattr(writer.get("function"), "__module__", "pydantic")
    return not str(module).startswith("pydantic")


def _fault(schema: PartSchema, place: _Place) -> str | None:
    kind, config = schema["type"], place.config or {}
    if schema.get("now_op") == "future":
        return FUTURE
    if place.own_writer:
        return None
    if kind in UNKEPT:
        return UNKEPT[str(kind)]
    if _is_secret(schema):
        return SECRET
    if place.own_reader:
        return None
    if kind in NOT_OF_JSON and schema.get("strict", config.get("strict")):
        return STRICT
    if kind == "bytes" and config.get("ser_json_bytes", "utf8") != "utf8":
        return BYTES
    return INSTANCE if kind == "is-instance" else None


def _is_secret(schema: PartSchema) -> bool:
    writer = cast(PartSchema, schema.get("serialization") or {})
    return "_serialize_secret" in getattr(writer.get("function"), "__name__", "")


def _is_read_as(stored: str, name: str, field: PartSchema, config: PartSchema) -> bool:
    alias = field.get("validation_alias")
    if stored == name and (alias is None or config.get("validate_by_name")):
        return True
    return config.get("validate_by_alias", True) is True and [stored] in _ways(alias)


def _ways(alias: object) -> list[object]:
    """The places in an object that a field is read from, each a list of keys."""
    if isinstance(alias, str):
        return [[alias]]
    ways = cast(list[object], alias or [])
    return ways if ways and isinstance(ways[0], list) else [ways]


def _fields(schema: PartSchema) -> Iterator[tuple[str, PartSchema]]:
    fields = schema.get("fields")
    if isinstance(fields, dict):
        yield from fields.items()
    elif isinstance(fields, list):
        yield from ((str(field["name"]), field) for field in fields if isinstance(field, dict))


def _parts(schema: PartSchema) -> Iterator[PartSchema]:
    """The schemas inside one that count: neither those of its fields nor those for JSON's bytes."""
    for key, part in schema.items():
        if key not in LEFT_OUT:
            yield from _schemas(part)


def _schemas(part: object) -> Iterator[PartSchema]:
    if isinstance(part, dict):
        if isinstance(part.get("type"), str):
            yield part
        else:
            for one in part.values():
                yield from _schemas(one)
    elif isinstance(part, list | tuple):
        for one in part:
            yield from _schemas(one)
