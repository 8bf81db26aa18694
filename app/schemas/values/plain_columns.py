"""The quick way of ``plain`` for a table: column by column, which takes half the time of row by row."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from pydantic import BaseModel
from pydantic_core import CoreSchema, SchemaSerializer, SchemaValidator, to_json
from pydantic_core import core_schema as schemas

from app.schemas.values.plain import NUL, adapter_of, cell_schema

MISFIT = object()
"""In place of what the quick way does not take."""


class PlainColumns:
    """Gives for each row the JSON that is stored of it, or None where it has to be looked at."""

    def __init__(self, members: Mapping[str, CoreSchema]) -> None:
        self._columns = {name: _Column(schema) for name, schema in members.items()}
        named = (to_json(name).replace(b"%", b"%%") + b":%b" for name in members)
        self._pattern = b"{" + b",".join(named) + b"}"

    def texts(self, cells: Mapping[str, Sequence[str]], rows: int) -> list[bytes | None]:
        """``cells`` by the names of the columns that there are; an empty one is absent."""
        found = [
            column.texts(cells[name]) if name in cells else [column.absent] * rows
            for name, column in self._columns.items()
        ]
        write = self._pattern.__mod__
        if not any(None in texts for texts in found):
            return [*map(write, zip(*found, strict=True))]
        return [None if None in row else write(row) for row in zip(*found, strict=True)]


class _Column:
    def __init__(self, schema: CoreSchema) -> None:
        lenient = schemas.with_default_schema(schema, default=MISFIT, on_error="default")
        self._validator = SchemaValidator(schemas.list_schema(lenient))
        self._serializer, self._item = SchemaSerializer(schemas.list_schema(schema)), SchemaSerializer(schema)
        self.absent: bytes | None = None
        if schema["type"] == "default":
            self.absent = self._item.to_json(schema["default"], warnings=False)

    def texts(self, cells: Sequence[str]) -> Sequence[bytes | None]:
        if "" not in cells:
            return self._given([*cells])
        given = iter(self._given([cell for cell in cells if cell]))
        return [next(given) if cell else self.absent for cell in cells]

    def _given(self, cells: list[str]) -> Sequence[bytes | None]:
        read: list[object] = self._validator.validate_python(cells)
        if MISFIT not in read:
            return self._written(read)
        texts = iter(self._written([one for one in read if one is not MISFIT]))
        return [None if one is MISFIT else next(texts) for one in read]

    def _written(self, values: list[object]) -> Sequence[bytes | None]:
        """All at once, where each comma stands between two values."""
        text = self._serializer.to_json(values)
        if values and text.count(b",") == len(values) - 1 and NUL not in text:
            return text[1:-1].split(b",")
        texts = map(self._item.to_json, values)
        return [None if NUL in text else text for text in texts]


@lru_cache(maxsize=64)
def plain_columns(kind: type[BaseModel]) -> PlainColumns | None:
    """None where the type cannot be taken so."""
    schema = cell_schema(adapter_of(kind))
    if schema is None or schema["type"] != "typed-dict":
        return None
    return PlainColumns({name: field["schema"] for name, field in schema["fields"].items()})
