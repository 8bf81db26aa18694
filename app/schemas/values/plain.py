"""The quick way beside ``careful``: takes what needs no look, and gives the text that is stored of it.

What it takes it reads as ``careful`` does and writes as ``strict_json.canonical`` does of the dump, and that
text is read back as the same value; all else it leaves. So it never refuses anything, and may leave whatever
would make it longer: types that call code of their own, numbers that Python and pydantic write differently,
times without an offset. A look in front of a part is a pattern or a range here, which costs no call of a
function.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TypeAlias, cast

from pydantic import BaseModel, TypeAdapter
from pydantic_core import CoreSchema, SchemaSerializer, SchemaValidator, ValidationError
from pydantic_core import core_schema as schemas

CorePart: TypeAlias = Mapping[str, object]
Guard: TypeAlias = CoreSchema | None
"""What stands in front of a part, if anything has to."""

NUL = b"\\u0000"
"""As JSON writes it. What only looks like it has one more backslash before it, and is left, too."""
MOST_DIGITS = 15
SMALLEST, LARGEST = 1e-4, 1e15
"""Between them Python and pydantic write a float alike, without an exponent."""
FLOAT_TEXT = (
    r"^(?:0(?:\.0{1,15})?|-?[1-9]\d{0,14}(?:\.\d{1,15})?|-?0\.0{0,3}[1-9]\d{0,11})$"  # and no minus zero
)
INT_TEXT = r"^(?:0|-?[1-9]\d{0,14})$"
DAY_TEXT = r"^[12]\d{3}-\d\d-\d\d"
MOMENT_TEXT = DAY_TEXT + r"T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-5]):[0-5]\d)$"

KEPT: Mapping[str, frozenset[str]] = {
    "str": frozenset({"min_length", "max_length", "pattern"}),
    "float": frozenset({"ge", "gt", "le", "lt", "multiple_of", "allow_inf_nan"}),
    "int": frozenset({"ge", "gt", "le", "lt", "multiple_of"}),
    "bool": frozenset(),
    "date": frozenset({"ge", "gt", "le", "lt"}),
    "datetime": frozenset({"ge", "gt", "le", "lt", "tz_constraint", "microseconds_precision"}),
    "literal": frozenset({"expected"}),
    "enum": frozenset({"cls", "members", "sub_type"}),
    "list": frozenset({"items_schema", "min_length", "max_length"}),
    "nullable": frozenset({"schema"}),
    "default": frozenset({"schema", "default"}),
    "model": frozenset({"cls", "schema", "config", "custom_init", "root_model"}),
    "model-fields": frozenset({"fields", "model_name", "computed_fields"}),
    "model-field": frozenset({"schema", "validation_alias", "serialization_alias"}),
}
"""What a part may say of itself; of anything else it is not known here what it does."""
SAID_BY_ALL = frozenset({"type", "ref", "metadata"})
OF_NO_MATTER = frozenset({"title", "frozen", "extra_fields_behavior"})
"""Of a model's config. Unknown members are never taken."""
DEEPEST = 10


class _NeedsLook(Exception):
    """The type is none that can be taken so."""


@dataclass(frozen=True)
class Plain:
    """Gives for each value the JSON that is stored of it, or None where it has to be looked at."""

    _validator: SchemaValidator
    _serializer: SchemaSerializer

    def texts(self, values: Sequence[object]) -> list[bytes | None]:
        write = self._serializer.to_json
        read: list[object] = self._validator.validate_python(values)
        found = [None if one is None else write(one) for one in read]
        return [None if text is None or NUL in text else text for text in found]


@lru_cache(maxsize=64)
def plain_cells(kind: TypeAdapter[object]) -> Plain | None:
    """For texts, as the cells of a CSV are, none of them empty. None where the type cannot be taken so."""
    return _plain(kind, _CELLS)


@lru_cache(maxsize=64)
def plain_json(kind: TypeAdapter[object]) -> Plain | None:
    """For values out of JSON."""
    return _plain(kind, _JSON)


@lru_cache(maxsize=64)
def adapter_of(kind: type[BaseModel]) -> TypeAdapter[object]:
    return TypeAdapter(kind)


def cell_schema(kind: TypeAdapter[object]) -> CoreSchema | None:
    """What ``plain_cells`` takes and writes by."""
    return _schema(kind, _CELLS)


def _schema(kind: TypeAdapter[object], guards: Mapping[str, Guard]) -> CoreSchema | None:
    try:
        return _PlainWalk(guards).part(cast(CorePart, kind.core_schema))
    except _NeedsLook:
        return None


def _plain(kind: TypeAdapter[object], guards: Mapping[str, Guard]) -> Plain | None:
    item = _schema(kind, guards)
    if item is None:
        return None
    some = schemas.with_default_schema(item, default=None, on_error="default")
    return Plain(SchemaValidator(schemas.list_schema(some)), SchemaSerializer(item))


_FLOATS = (
    schemas.float_schema(strict=True, gt=SMALLEST, lt=LARGEST),
    schemas.float_schema(strict=True, lt=-SMALLEST, gt=-LARGEST),
    # Of minus zero zero is made, which it is equal to.
    schemas.chain_schema([schemas.float_schema(strict=True, ge=0, le=0), schemas.literal_schema([0.0])]),
)
_TIMES: Mapping[str, Guard] = {
    "date": schemas.str_schema(pattern=f"{DAY_TEXT}$"),
    "datetime": schemas.str_schema(pattern=MOMENT_TEXT),
}
_NO_CELL = schemas.none_schema()
"""What no cell holds: of a list or an object a text is none."""
_CELLS: Mapping[str, Guard] = {
    **_TIMES,
    "str": None,
    "float": schemas.str_schema(pattern=FLOAT_TEXT),
    "int": schemas.str_schema(pattern=INT_TEXT),
    "bool": None,
    "literal": None,
    "enum": None,
}
_JSON: Mapping[str, Guard] = {
    **_TIMES,
    "str": schemas.str_schema(strict=True),
    "float": schemas.union_schema([*_FLOATS], mode="left_to_right"),
    "int": schemas.int_schema(strict=True, gt=-(10**MOST_DIGITS), lt=10**MOST_DIGITS),
    "bool": schemas.bool_schema(strict=True),
    "literal": schemas.str_schema(strict=True),
    "enum": schemas.str_schema(strict=True),
}

SCALARS = frozenset(_JSON)


class _PlainWalk:
    """From the schema of a type to one that takes what needs no look."""

    def __init__(self, guards: Mapping[str, Guard]) -> None:
        self._guards = guards
        self._depth = 0

    def part(self, given: CorePart) -> CoreSchema:
        kind = str(given["type"])
        if given.keys() - SAID_BY_ALL - KEPT.get(kind, frozenset()) or kind not in KEPT:
            raise _NeedsLook
        self._depth += 1
        made = self._inner(kind, given)
        self._depth -= 1
        return made

    def _inner(self, kind: str, given: CorePart) -> CoreSchema:
        if self._depth > DEEPEST:
            raise _NeedsLook
        handle: Callable[[CorePart], CoreSchema] | None = {
            "model": self._model,
            "list": self._list,
            "nullable": lambda part: schemas.nullable_schema(self.part(cast(CorePart, part["schema"]))),
            "default": self._default,
        }.get(kind)
        return handle(given) if handle else self._leaf(kind, given)

    def _leaf(self, kind: str, given: CorePart) -> CoreSchema:
        if kind not in self._guards or not _all_are_text(given):
            raise _NeedsLook
        own = cast(CoreSchema, {key: one for key, one in given.items() if key not in ("ref", "metadata")})
        guard = self._guards[kind]
        return own if guard is None else schemas.chain_schema([guard, own])

    def _list(self, given: CorePart) -> CoreSchema:
        if self._guards is _CELLS:
            return _NO_CELL
        items = self.part(cast(CorePart, given.get("items_schema", {"type": "any"})))
        return cast(CoreSchema, {**given, "items_schema": items})

    def _default(self, given: CorePart) -> CoreSchema:
        """A default is stored as it stands, so it must be what its own type makes of it."""
        inner, default = self.part(cast(CorePart, given["schema"])), given["default"]
        if self._guards is _CELLS and default is not None:
            _PlainWalk(_JSON).part(given)  # a cell is text, and a default is none
        elif not _is_its_own(inner, default):
            raise _NeedsLook
        return schemas.with_default_schema(inner, default=default)

    def _model(self, given: CorePart) -> CoreSchema:
        is_own = given.get("custom_init") or given.get("root_model")
        kind, fields = cast(type[BaseModel], given["cls"]), cast(CorePart, given["schema"])
        if is_own or kind.model_dump is not BaseModel.model_dump:
            raise _NeedsLook
        if self._guards is _CELLS and self._depth > 1:
            return _NO_CELL
        config = cast(Mapping[str, object], given.get("config", {}))
        if config.keys() - OF_NO_MATTER or fields["type"] != "model-fields" or fields.get("computed_fields"):
            raise _NeedsLook
        if fields.keys() - SAID_BY_ALL - KEPT["model-fields"]:
            raise _NeedsLook
        found = dict(self._fields(cast(Mapping[str, CorePart], fields["fields"])))
        return schemas.typed_dict_schema(
            {name: found[name] for name in sorted(found)}, extra_behavior="forbid"
        )

    def _fields(self, given: Mapping[str, CorePart]) -> list[tuple[str, schemas.TypedDictField]]:
        made = []
        for name, field in given.items():
            read, written = (field.get(f"{use}_alias", name) for use in ("validation", "serialization"))
            if (
                field.keys() - SAID_BY_ALL - KEPT["model-field"]
                or read != written
                or not isinstance(read, str)
            ):
                raise _NeedsLook
            made.append((read, schemas.typed_dict_field(self.part(cast(CorePart, field["schema"])))))
        return made


def _all_are_text(given: CorePart) -> bool:
    """Whether the values to choose from, if it is a choice, are all text."""
    members = cast(Sequence[Enum], given.get("members", ()))
    expected = cast(Sequence[object], given.get("expected", ()))
    return all(type(one) is str for one in [*expected, *(member.value for member in members)])


def _is_its_own(inner: CoreSchema, default: object) -> bool:
    try:
        made: object = SchemaValidator(inner).validate_python(default)
    except ValidationError:
        return False
    return type(made) is type(default) and made == default
