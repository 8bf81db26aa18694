"""The options of the platforms: what there is, in words, and reading them from the command line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, get_args, get_origin

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from app.backends.registry import BACKENDS, module_help, options_of
from app.core import strict_json
from app.core.docstrings import field_docstrings
from app.core.errors import FieldError, InvalidInput, Misconfigured
from app.schemas.hosting.options import BackendHelp, OptionHelp

SchemaPart = Mapping[str, JsonValue]
RIGHT = "takes NAME=VALUE, such as endpoint_name=churn, with a dot before what is inside another option"
NAMES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"} | {
    "array": "list",
    "object": "object of names and values",
}
"""JSON's types, for people."""
BOUNDS = (("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum"))


def backends() -> list[BackendHelp]:
    """All platforms by name."""
    return [_backend(name) for name in sorted(BACKENDS)]


def _backend(name: str) -> BackendHelp:
    try:
        needed = [field for field, one in options_of(name).model_fields.items() if one.is_required()]
    except Misconfigured as error:
        return BackendHelp(name=name, needed=[], help=error.detail)
    return BackendHelp(name=name, needed=needed, help=module_help(name))


def options(name: str) -> list[OptionHelp]:
    """A platform's own options first, then those that every platform has. InvalidInput where there is no such
    platform, Misconfigured where a package is missing that it needs."""
    kind = options_of(name)
    found = [*_described(kind, kind.model_json_schema(), "")]
    common = [one for one in found if one.name in _common(kind)]
    own = [one for one in found if one not in common]
    return sorted(own, key=lambda one: not one.needed or "." in one.name) + common


def _common(kind: type[BaseModel]) -> Iterable[str]:
    """Those of the class that all of them have."""
    [base] = [one for one in kind.__mro__ if one.__name__ == "BackendOptions"]
    return getattr(base, "model_fields", {})


def _described(kind: type[BaseModel], schema: SchemaPart, before: str) -> Iterator[OptionHelp]:
    documented = [
        one for one in reversed(kind.__mro__) if issubclass(one, BaseModel) and one is not BaseModel
    ]
    texts = field_docstrings(*documented)
    properties, shared = _mapping(schema["properties"]), _mapping(schema.get("$defs", {}))
    for name, field in kind.model_fields.items():
        inner = _nested(field)
        own = _mapping(properties[name])
        yield OptionHelp(
            name=f"{before}{name}",
            type="object" if inner else in_words(own),
            needed=field.is_required(),
            default=own.get("default"),
            help=" ".join(texts.get(name, "").replace("``", "`").split()),
        )
        if inner is not None:
            yield from _described(
                inner, {**_mapping(shared[inner.__name__]), "$defs": dict(shared)}, f"{before}{name}."
            )


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    assert isinstance(value, Mapping)
    return value


def in_words(schema: SchemaPart) -> str:
    """A JSON schema in a few words; what may be left out is not told apart."""
    if isinstance(kinds := schema.get("anyOf"), Sequence) and not isinstance(kinds, str):
        words = [in_words(_mapping(kind)) for kind in kinds]
        return " or ".join(dict.fromkeys(word for word in words if word != "nothing"))
    if isinstance(choices := schema.get("enum"), Sequence):
        return " | ".join(map(str, choices))
    if "const" in schema:
        return str(schema["const"])
    name = str(schema.get("type", "any JSON"))
    return "nothing" if name == "null" else f"{NAMES.get(name, name)}{_bounds(schema)}"


def _bounds(schema: SchemaPart) -> str:
    for lowest, highest in BOUNDS:
        match schema.get(lowest), schema.get(highest):
            case int() | float() as low, int() | float() as high:
                return f", {low} to {high}"
            case int() | float() as low, None:
                return f", {low} at least"
    return ""


def _nested(field: FieldInfo) -> type[BaseModel] | None:
    kinds = (field.annotation, *get_args(field.annotation))
    return next((one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)), None)


def read(name: str, given: Sequence[str], base: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """``base`` and the options that are given as NAME=VALUE. A value is JSON where it is that of a kind that
    the option takes, else text. InvalidInput names what is given twice; what there is not, registering tells.
    """
    kind, read = options_of(name), {**base}
    for text in given:
        path, is_pair, value = text.partition("=")
        if not is_pair or not all(parts := path.split(".")):
            raise InvalidInput(
                "An option cannot be read.", errors=[FieldError("--option", f"{RIGHT}; not {text!r}")]
            )
        _set(read, parts, _value(_kind(kind, parts), value))
    return read


def _set(options: dict[str, JsonValue], parts: Sequence[str], value: JsonValue) -> None:
    at = options
    for part in parts[:-1]:
        inner = at.setdefault(part, {})
        if not isinstance(inner, dict):
            raise _twice(parts)
        at[part] = at = {**inner}
    if parts[-1] in at:
        raise _twice(parts)
    at[parts[-1]] = value


def _twice(parts: Sequence[str]) -> InvalidInput:
    fault = FieldError(f"options.{'.'.join(parts)}", "is given twice")
    return InvalidInput("The options contradict each other.", errors=[fault])


def _kind(kind: type[BaseModel], parts: Sequence[str]) -> object:
    """The type of what the parts lead to; None where there is no such option."""
    name, *rest = parts
    field = kind.model_fields.get(name)
    if field is None:
        return None
    if not rest:
        return Annotated[field.annotation, field]
    if (inner := _nested(field)) is not None:
        return _kind(inner, rest)
    return next(
        (_of_values(one) for one in (field.annotation, *get_args(field.annotation)) if _of_values(one)), None
    )


def _of_values(kind: object) -> object:
    """The type of the values, of what has names of the user's own."""
    if isinstance(origin := get_origin(kind), type) and issubclass(origin, Mapping):
        return get_args(kind)[1]
    return _of_values(get_args(kind)[0]) if origin is Annotated else None


def _value(kind: object, text: str) -> JsonValue:
    try:
        value = strict_json.parse(text)
    except InvalidInput:
        return text
    return value if kind is None or _takes(kind, value) or not _takes(kind, text) else text


def _takes(kind: object, value: JsonValue) -> bool:
    adapter: TypeAdapter[object] = TypeAdapter(kind)  # type: ignore[arg-type]
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True
