"""Values that a schema allows: the words of a schema, one by one."""

import pytest
from pydantic import JsonValue

from app.api.http.samples import NoSample, sample


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "format": "date"}, "2025-01-31"),
        ({"type": "string", "format": "of-my-own"}, "text"),
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": 0, "maximum": 0}, 0),
        ({"type": "integer", "exclusiveMinimum": 2, "exclusiveMaximum": 4}, 3),
        ({"type": "integer", "multipleOf": 5}, 5),
        ({"type": "number", "maximum": -90}, -91),
        ({"type": "number", "exclusiveMinimum": 0.5}, 1.5),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({}, None),
        ({"type": "array"}, [None]),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
        ({"type": "array", "prefixItems": [{"const": 1}, {"const": "a"}], "minItems": 2}, [1, "a"]),
        ({"type": "object"}, {}),
        ({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"a": 1}),
        ({"enum": ["red", "green"]}, "red"),
        ({"const": 3}, 3),
        ({"type": "integer", "default": 7, "examples": [8, 9]}, 8),
        ({"type": "integer", "default": None}, None),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"allOf": [{"$ref": "#/$defs/Size"}]}, 2.5),
        ({"$ref": "#/components/schemas/Size"}, 2.5),
    ],
)
def test_a_value_of_a_schema(schema: dict[str, JsonValue], expected: JsonValue) -> None:
    assert sample(schema, {"Size": {"type": "number", "minimum": 2, "maximum": 3}}) == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/Unknown"},
        {"$ref": "#/$defs/Endless"},
        {"type": "array", "items": {"$ref": "#/$defs/Endless"}, "minItems": 1},
        {"anyOf": [{"$ref": "#/$defs/Endless"}]},
        {"type": "function"},
    ],
)
def test_where_there_is_none(schema: dict[str, JsonValue]) -> None:
    endless: dict[str, JsonValue] = {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/Endless"}},
        "required": ["next"],
    }
    with pytest.raises(NoSample):
        sample(schema, {"Endless": endless})
