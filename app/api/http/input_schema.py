"""What an input object is, in the words of the OpenAPI document."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import cast

from pydantic import BaseModel, JsonValue, PydanticInvalidForJsonSchema, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from app.api.http.samples import NoSample, Schema, sample
from app.core.errors import UserCodeError
from app.services.failures.user_code import user_code

NAME = "InputObject"
REFERENCE = f"#/components/schemas/{NAME}"
INNER = NAME + ".{model}"
"""The models inside are named after it: no class of ours has a dot in its name, so none is overwritten."""


class _Strict(GenerateJsonSchema):
    """Unknown fields are refused wherever they stand, whatever the class says (see services.records)."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return _closed(super().model_schema(schema))

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return _closed(super().dataclass_schema(schema))

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        return _closed(super().typed_dict_schema(schema))


def _closed(made: JsonSchemaValue) -> JsonSchemaValue:
    return made | {"additionalProperties": False} if "properties" in made else made


def components(input_type: type[BaseModel]) -> dict[str, JsonValue]:
    """The class under the name InputObject, and the models that it is made of, with the names of the wire."""
    try:
        made = input_type.model_json_schema(
            ref_template=f"#/components/schemas/{INNER}", schema_generator=_Strict
        )
    except PydanticInvalidForJsonSchema:
        return {NAME: {"type": "object", "description": "Its fields cannot be told as a JSON schema."}}
    inner: dict[str, JsonValue] = made.pop("$defs", {})
    return {NAME: made} | {INNER.format(model=name): one for name, one in inner.items()}


def example(input_type: type[BaseModel]) -> JsonValue:
    """An input that the class accepts, made from its schema; None if none can be."""
    known = components(input_type)
    return _accepted(known[NAME], known, lambda made: input_type.model_validate(made, extra="forbid"))


def label_example(label_type: TypeAdapter[object]) -> JsonValue:
    """A truth that the type accepts, made from its schema; None if none can be."""
    try:
        made = label_type.json_schema()
    except PydanticInvalidForJsonSchema:
        return None
    return _accepted(made, made.get("$defs", {}), label_type.validate_python)


def _accepted(
    schema: JsonValue, definitions: Mapping[str, JsonValue], accept: Callable[[JsonValue], object]
) -> JsonValue:
    """A sample that the user's code accepts; what it raises is in the log."""
    try:
        made = sample(cast(Schema, schema), cast(Mapping[str, Schema], definitions))
        with user_code(NAME), suppress(ValidationError):
            accept(made)
            return made
    except (NoSample, UserCodeError):
        pass
    return None
