"""One value that a JSON schema allows, as an example for readers."""

import math
from collections.abc import Mapping
from typing import TypeAlias, cast

from pydantic import JsonValue

Schema: TypeAlias = Mapping[str, JsonValue]

TEXTS = {
    "date-time": "2025-01-31T12:00:00Z",
    "date": "2025-01-31",
    "time": "12:00:00Z",
    "duration": "PT90M",
    "uuid": "c7a4a3a2-6e0f-4f4e-9d0e-2f6b8f0d5a11",
    "email": "someone@example.org",
    "uri": "https://example.org/",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "json-string": "{}",
}
"""By format."""
TEXT = "text"


class NoSample(Exception):
    """The schema allows only what has no end, or is of a kind that is not known here."""


def sample(schema: Schema, definitions: Mapping[str, Schema], within: tuple[str, ...] = ()) -> JsonValue:
    """A value made from its examples, its default, what it may be, or its type and bounds.

    ``definitions`` are by the last part of their references; ``within`` names those that the value is in.
    It need not be valid: a pattern is not looked at, for example. Raises NoSample.
    """
    for key in ("examples", "enum"):
        if isinstance(given := schema.get(key), list) and given:
            return given[0]
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if isinstance(reference := schema.get("$ref"), str):
        return _referred(reference.rpartition("/")[2], definitions, within)
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(choices := schema.get(key), list):
            return _first(cast(list[Schema], choices), definitions, within)
    return _of_type(schema, definitions, within)


def _referred(name: str, definitions: Mapping[str, Schema], within: tuple[str, ...]) -> JsonValue:
    if name in within or name not in definitions:
        raise NoSample(name)
    return sample(definitions[name], definitions, (*within, name))


def _first(choices: list[Schema], definitions: Mapping[str, Schema], within: tuple[str, ...]) -> JsonValue:
    for choice in sorted(choices, key=lambda one: one.get("type") == "null"):
        try:
            return sample(choice, definitions, within)
        except NoSample:
            continue
    raise NoSample


def _of_type(schema: Schema, definitions: Mapping[str, Schema], within: tuple[str, ...]) -> JsonValue:
    match schema.get("type"):
        case "object":
            return _object(schema, definitions, within)
        case "array":
            return _array(schema, definitions, within)
        case "string":
            return _text(schema)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null" | None:
            return None
    raise NoSample(schema.get("type"))


def _object(schema: Schema, definitions: Mapping[str, Schema], within: tuple[str, ...]) -> JsonValue:
    required = schema.get("required")
    made: dict[str, JsonValue] = {}
    for name, inner in cast(Mapping[str, Schema], schema.get("properties", {})).items():
        try:
            made[name] = sample(inner, definitions, within)
        except NoSample:
            if isinstance(required, list) and name in required:
                raise
    return made


def _array(schema: Schema, definitions: Mapping[str, Schema], within: tuple[str, ...]) -> JsonValue:
    fixed = cast(list[Schema], schema.get("prefixItems", []))
    made = [sample(one, definitions, within) for one in fixed]
    least = schema.get("minItems", 0)
    missing = max(0 if fixed else 1, (least if isinstance(least, int) else 0) - len(made))
    try:
        return made + [sample(cast(Schema, schema.get("items", {})), definitions, within)] * missing
    except NoSample:
        if least:
            raise
        return made


def _text(schema: Schema) -> str:
    text = TEXTS.get(str(schema.get("format")), TEXT)
    least, most = _bound(schema, "minLength"), _bound(schema, "maxLength")
    return text.ljust(int(least or 0), "x")[: None if most is None else int(most)]


def _number(schema: Schema) -> JsonValue:
    """In the middle of its bounds, or beside its only one."""
    low, high = _either(schema, "minimum", "exclusiveMinimum"), _either(schema, "maximum", "exclusiveMaximum")
    found = 1.0
    if low is not None and high is not None:
        found = (low + high) / 2
    elif low is not None or high is not None:
        found = low + 1 if low is not None else (high or 0) - 1
    if step := _bound(schema, "multipleOf"):
        found = math.ceil(found / step) * step
    return math.ceil(found) if schema.get("type") == "integer" else found


def _either(schema: Schema, *keys: str) -> float | None:
    return next((bound for key in keys if (bound := _bound(schema, key)) is not None), None)


def _bound(schema: Schema, key: str) -> float | None:
    given = schema.get(key)
    return float(given) if isinstance(given, int | float) else None
