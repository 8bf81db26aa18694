"""What generators of clients would make up names for has some."""

import re

from pydantic import JsonValue

from app.api.document.enumerations import name_all
from tests.api.documented import DOCUMENT, OPERATIONS
from tests.support.documents import SCHEMAS, at, schemas


def inline(schema: JsonValue) -> bool:
    """Whether there is an enumeration in it, or an alternative that is an object, without a name."""
    if isinstance(schema, list):
        return any(map(inline, schema))
    if not isinstance(schema, dict):
        return False
    options = schema.get("anyOf")
    unnamed = (
        [one for one in options if isinstance(one, dict) and "additionalProperties" in one]
        if isinstance(options, list)
        else []
    )
    return "enum" in schema or bool(unnamed) or any(map(inline, schema.values()))


def test_nothing_is_left_without_a_name() -> None:
    properties = {name: one.get("properties") for name, one in schemas(DOCUMENT).items()}
    assert [
        name for name, one in properties.items() if not name.startswith("InputObject") and inline(one)
    ] == []
    asked = [one.name for one in OPERATIONS if inline([*one.parameters("query"), *one.parameters("header")])]
    assert asked == []


def test_names_are_those_of_classes() -> None:
    assert all(re.fullmatch(r"([A-Z][A-Za-z]*)(\.\w+)?", name) for name in schemas(DOCUMENT))
    assert at(schemas(DOCUMENT)["Bucket"], "enum") == ["day", "week", "month"]


def test_one_name_for_one_thing_and_none_twice() -> None:
    size: JsonValue = {"type": "string", "enum": ["s", "m"]}
    colour: JsonValue = {"type": "string", "enum": ["red", "blue"]}
    other: JsonValue = {"type": "string", "enum": ["cyan"]}
    free: JsonValue = {"anyOf": [{"type": "object", "additionalProperties": True}, {"type": "null"}]}
    members: JsonValue = {"size": copied(size), "colour": copied(colour), "free": free}
    shirts: JsonValue = {"size": {"items": copied(size)}, "colour": other}
    document: dict[str, JsonValue] = {
        "paths": {},
        "components": {
            "schemas": {"Hat": {"properties": members}, "Shirt": {"properties": shirts}, "Size": {}}
        },
    }
    name_all(document)
    assert members == {
        "size": {"$ref": SCHEMAS + "HatSize"},
        "colour": {"$ref": SCHEMAS + "HatColour"},
        "free": {"anyOf": [{"$ref": SCHEMAS + "HatFree"}, {"type": "null"}]},
    }
    assert shirts == {
        "size": {"items": {"$ref": SCHEMAS + "HatSize"}},
        "colour": {"$ref": SCHEMAS + "ShirtColour"},
    }
    assert at(document, "components", "schemas", "HatSize") == {
        "type": "string",
        "enum": ["s", "m"],
        "title": "HatSize",
    }


def copied(value: JsonValue) -> JsonValue:
    return {**value} if isinstance(value, dict) else value
