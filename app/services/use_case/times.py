"""Which fields of an input are times."""

from collections.abc import Mapping

from pydantic import BaseModel, JsonValue, PydanticInvalidForJsonSchema

FORMATS = ("date-time", "date")
"""What JSON schemas call a point in time, and a day."""


def time_fields(input_type: type[BaseModel]) -> tuple[str, ...]:
    """The fields that hold a point in time or a day, or null, by their names in stored records."""
    try:
        schema = input_type.model_json_schema(mode="serialization")
    except PydanticInvalidForJsonSchema:
        return ()
    named: dict[str, JsonValue] = schema.get("$defs", {})
    properties: dict[str, JsonValue] = schema.get("properties", {})
    fields = input_type.model_fields.items()
    stored = {field.serialization_alias or name for name, field in fields}  # what is computed is not
    return tuple(name for name, one in properties.items() if name in stored and _is_time(one, named))


def _is_time(schema: JsonValue, named: Mapping[str, JsonValue]) -> bool:
    match schema:
        case {"$ref": str(reference)}:
            return _is_time(named.get(reference.rpartition("/")[2]), named)
        case {"anyOf": list(options)}:
            some = [one for one in options if one != {"type": "null"}]
            return bool(some) and all(_is_time(one, named) for one in some)
        case {"format": str(kind)}:
            return kind in FORMATS
    return False
