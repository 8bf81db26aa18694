"""Enumerations, and objects that may be null, as schemas with names in the OpenAPI document.

Generators of clients make up ugly names for those that have none.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias, cast

from pydantic import JsonValue

SchemaText: TypeAlias = str
"""What a schema says, as JSON."""
MOVED = ("type", "enum", "additionalProperties", "maxProperties")


class EnumerationPlace(NamedTuple):
    """``schema`` is one in the document; ``owner`` the schema or operation whose member it is."""

    schema: dict[str, JsonValue]
    owner: str
    member: str


def name_all(document: dict[str, JsonValue]) -> None:
    """Moves each among the components, once, however often it is used, and refers to it."""
    places: dict[SchemaText, list[EnumerationPlace]] = defaultdict(list)
    for place in _places(document):
        places[json.dumps({key: place.schema[key] for key in MOVED if key in place.schema})].append(place)
    schemas = cast(dict[str, JsonValue], cast(dict[str, JsonValue], document["components"])["schemas"])
    taken = {*schemas}
    for said, found in places.items():
        name = _name(said, places, taken)
        schemas[name] = {**json.loads(said), "title": name}
        for place in found:
            for key in MOVED:
                place.schema.pop(key, None)
            place.schema["$ref"] = f"#/components/schemas/{name}"


def _name(said: SchemaText, places: Mapping[SchemaText, list[EnumerationPlace]], taken: set[str]) -> str:
    """That of the member alone, where it is in several places and means nothing else; else with its owner."""
    found = places[said]
    members = {place.member for place in found}
    others = {place.member for other, those in places.items() if other != said for place in those}
    shared = [_camel(member) for member in sorted(members - others)] if len(found) > 1 else []
    owned = sorted(
        {f"{_camel(place.owner)}{_camel(place.member)}" for place in found}, key=lambda one: (len(one), one)
    )
    name = next(one for one in (*shared, *owned) if one not in taken)
    taken.add(name)
    return name


def _camel(name: str) -> str:
    return "".join(f"{word[:1].upper()}{word[1:]}" for word in name.split("_"))


def _places(document: Mapping[str, JsonValue]) -> Iterator[EnumerationPlace]:
    components = cast(Mapping[str, Mapping[str, JsonValue]], document["components"])
    for owner, schema in cast(Mapping[str, Mapping[str, JsonValue]], components["schemas"]).items():
        if not owner.startswith("InputObject"):  # which has its user's words
            for member, inner in cast(Mapping[str, JsonValue], schema.get("properties", {})).items():
                yield from _inside(inner, owner, member)
    for methods in cast(Mapping[str, Mapping[str, Mapping[str, JsonValue]]], document["paths"]).values():
        for operation in methods.values():
            for parameter in cast(list[Mapping[str, JsonValue]], operation.get("parameters", [])):
                yield from _inside(parameter["schema"], str(operation["operationId"]), str(parameter["name"]))


def _inside(
    schema: JsonValue, owner: str, member: str, *, is_alternative: bool = False
) -> Iterator[EnumerationPlace]:
    if not isinstance(schema, dict):
        return
    is_enumeration = "enum" in schema and schema.get("type") == "string"
    if is_enumeration or (is_alternative and "additionalProperties" in schema):
        yield EnumerationPlace(schema, owner, member)
        return
    for key in ("anyOf", "items", "additionalProperties"):
        inner = schema.get(key)
        for one in inner if isinstance(inner, list) else (inner,):
            yield from _inside(one, owner, member, is_alternative=key == "anyOf")
