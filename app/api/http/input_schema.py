"""What an input object is, in the words of the OpenAPI document."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

from pydantic import BaseModel, JsonValue, PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from app.api.http.samples import NoSample, Schema, sample
from app.core import strict_json
from app.core.errors import AppError, InvalidInput
from app.services.failures.user_code import user_code
from app.services.records import labels, records
from app.services.use_case import UseCase

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
    told = cast(dict[str, JsonValue], _without_what_json_lacks(made))
    inner = cast(dict[str, JsonValue], told.pop("$defs", {}))
    return {NAME: told} | {INNER.format(model=name): one for name, one in inner.items()}


def _without_what_json_lacks(value: JsonValue) -> JsonValue:
    """A schema without defaults and bounds that JSON cannot hold, such as infinity."""
    match value:
        case dict():
            return {key: _without_what_json_lacks(one) for key, one in value.items() if _is_json(one)}
        case list():
            return [_without_what_json_lacks(one) for one in value if _is_json(one)]
    return value


def _is_json(value: JsonValue) -> bool:
    if isinstance(value, dict | list):
        return True
    try:
        strict_json.check(value)
    except InvalidInput:
        return False
    return True


def example(use_case: UseCase) -> JsonValue:
    """An input that is accepted, made from its schema; None if none can be."""
    known = components(use_case.input_type)
    return _accepted(known[NAME], known, lambda made: records.normalise(use_case.input_type, made))


def label_example(use_case: UseCase) -> JsonValue:
    """A truth that is accepted, made from its schema; None if none can be."""
    try:
        made = use_case.label_type.json_schema()
    except PydanticInvalidForJsonSchema:
        return None
    accept = partial(labels.normalise_label, use_case, path="value")
    return _accepted(made, made.get("$defs", {}), accept)


def _accepted(
    schema: JsonValue, definitions: Mapping[str, JsonValue], accept: Callable[[JsonValue], object]
) -> JsonValue:
    """A sample that is accepted; what the user's code raises else is in the log."""
    try:
        made = sample(cast(Schema, schema), cast(Mapping[str, Schema], definitions))
        with user_code(NAME):
            accept(made)
    except (NoSample, AppError):
        return None
    return made
