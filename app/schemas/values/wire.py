"""Bases of what goes over the wire."""

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from app.core.docstrings import field_docstrings


class Wire(BaseModel):
    """A model that pydantic makes at its first use: a process uses few of them, and starts sooner."""

    model_config = ConfigDict(defer_build=True)


class Documented(Wire):
    """A model whose JSON schema has the docstrings of its fields, and those of its documented bases."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        documented = [one for one in cls.__mro__ if issubclass(one, Documented) and one is not Documented]
        for name, text in field_docstrings(*reversed(documented)).items():
            if name in cls.model_fields:
                properties[cls.model_fields[name].alias or name].setdefault("description", text)
        return schema
