"""The OpenAPI document of an application, as tests read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from fastapi import FastAPI
from pydantic import JsonValue

Object: TypeAlias = dict[str, JsonValue]

SCHEMAS = "#/components/schemas/"


@dataclass(frozen=True)
class Operation:
    """One operation and where it is."""

    method: str
    path: str
    text: Object

    @property
    def name(self) -> str:
        return str(self.text["operationId"])

    def parameters(self, place: str) -> list[Object]:
        given = cast(list[Object], self.text.get("parameters", []))
        return [one for one in given if one["in"] == place]

    @property
    def responses(self) -> Mapping[str, Object]:
        return cast(Mapping[str, Object], self.text["responses"])

    @property
    def answer(self) -> Object:
        """When all went well."""
        return self.responses[min(self.responses)]

    @property
    def url(self) -> str:
        """The path with something in its braces."""
        values = {str(one["name"]): str(one["example"]) for one in self.parameters("path")}
        return self.path.format(**values)


def document_of(app: FastAPI) -> Object:
    return cast(Object, app.openapi())


def operations(document: Object) -> list[Operation]:
    return [
        Operation(method, path, text)
        for path, methods in cast(Mapping[str, Mapping[str, Object]], document["paths"]).items()
        for method, text in methods.items()
    ]


def schemas(document: Object) -> Mapping[str, Object]:
    return cast(Mapping[str, Object], cast(Object, document["components"])["schemas"])


def content(holder: JsonValue, kind: str = "application/json") -> Object:
    """What a body or an answer has of a media type; nothing if it has none."""
    assert isinstance(holder, dict)
    kinds = cast(Mapping[str, Object], holder.get("content", {}))
    return kinds.get(kind, {})


def at(value: JsonValue, *keys: str) -> JsonValue:
    """What is there inside, by the names on the way."""
    for key in keys:
        assert isinstance(value, dict)
        value = value[key]
    return value


def names_in(value: JsonValue) -> set[str]:
    """The names of an object, or the texts in a list."""
    assert isinstance(value, dict | list)
    return {str(one) for one in value}


def references(value: JsonValue) -> Iterator[str]:
    """Every reference inside, in order."""
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)
