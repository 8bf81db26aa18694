"""What the four files define, gathered into one value: the use case that an application is opened with.

Nothing else imports them. They are the four at their places, or the modules of the same names in the package
that the setting USE_CASE names.
"""

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Annotated, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from app.core.errors import BadOutput, FieldError, Misconfigured
from app.db.records.windows import OBSERVED_AT
from app.schemas.faults import field_errors
from app.schemas.judged import Judged, Task, TruthValue
from app.schemas.rows import Row
from app.services.failures.user_code import user_code, user_module

FOUR_FILES = {
    "input_object": "app.schemas.input_object",
    "preprocess": "app.services.preprocess",
    "postprocess": "app.services.postprocess",
    "evaluation": "app.services.evaluation",
}
DEFINED_IN = {
    "InputObject": "input_object",
    "FEATURES": "preprocess",
    "preprocess": "preprocess",
    "postprocess": "postprocess",
}
"""Where what is no part of evaluation.py is defined."""
TIME_FORMATS = ("date-time", "date")
"""What JSON schemas call a point in time, and a day."""

Slice: TypeAlias = Callable[[BaseModel], str]


def as_it_is(output: JsonValue) -> Judged:
    """The default of ``judge``: a number, a text, true or false is what was predicted."""
    if isinstance(output, str | int | float):
        return Judged(output)
    raise ValueError(f"expected a number or a class, got {type(output).__name__}")


def _adapter(label_type: object) -> TypeAdapter[object]:
    if isinstance(label_type, TypeAdapter):
        return label_type
    try:
        return TypeAdapter(cast(type[object], label_type))
    except PydanticSchemaGenerationError as error:
        raise ValueError(f"must be a type that pydantic knows, not {label_type!r}") from error


class UseCase(BaseModel):
    """One use case; the aliases are the names in the files, which say what each means."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    input_type: type[BaseModel] = Field(alias="InputObject")
    features: tuple[str, ...] = Field(alias="FEATURES")
    preprocess: Callable[[Sequence[BaseModel]], Sequence[Row]]
    postprocess: Callable[[Sequence[JsonValue]], Sequence[JsonValue]]
    label: str = Field(alias="LABEL", min_length=1)
    label_type: Annotated[TypeAdapter[object], BeforeValidator(_adapter)] = Field(alias="Label")
    task: Task = Field(alias="TASK", default="regression")
    metrics: tuple[str, ...] = Field(alias="METRICS", default=())
    headline: tuple[str, ...] = Field(alias="HEADLINE", default=())
    positive: TruthValue | None = Field(alias="POSITIVE", default=None)
    time_field: str | None = Field(alias="TIME_FIELD", default=None)
    report_prefix: str = Field(alias="REPORT_PREFIX", default="evaluations", min_length=1)
    slices: Mapping[str, Slice] = Field(alias="SLICES", default={})
    judge: Callable[[JsonValue], Judged] = as_it_is
    fingerprint: str
    """All that a cache key knows of a use case: 16 hex digits for the code that decides a prediction."""

    @cached_property
    def time_fields(self) -> tuple[str, ...]:
        """The input's fields that hold a point in time or a day, by their names in stored records."""
        schema = self.input_type.model_json_schema(mode="serialization")
        properties: dict[str, dict[str, JsonValue]] = schema.get("properties", {})
        fields = self.input_type.model_fields.items()
        stored = {field.serialization_alias or name for name, field in fields}  # what is computed is not
        return tuple(name for name, one in properties.items() if name in stored and _is_time(one))

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The input's fields without a default, by their names in stored records."""
        fields = self.input_type.model_fields.items()
        return tuple(field.serialization_alias or name for name, field in fields if field.is_required())

    def lacking(self, features: Sequence[str]) -> list[str]:
        """Those of a version's features that preprocess does not make."""
        return [name for name in features if name not in self.features]


def judge(use_case: UseCase, output: JsonValue) -> Judged:
    """The prediction as the user's code reads it; BadOutput or UserCodeError where it cannot."""
    with user_code("evaluation.judge"):
        try:
            return use_case.judge(output)
        except ValueError as error:
            raise BadOutput(f"evaluation.judge cannot read a prediction: {error}") from error


def _is_time(schema: Mapping[str, JsonValue]) -> bool:
    """Whether it is a time, or one that may be null."""
    options = schema.get("anyOf")
    if isinstance(options, list):
        formats = [
            one.get("format") for one in options if isinstance(one, dict) and one.get("type") != "null"
        ]
        return bool(formats) and all(one in TIME_FORMATS for one in formats)
    return schema.get("format") in TIME_FORMATS


@cache
def load(package: str | None = None) -> UseCase:
    """The use case of a package, None: of the four files. Misconfigured says what is wrong with them."""
    places = {name: f"{package}.{name}" for name in FOUR_FILES} if package else FOUR_FILES
    modules = {name: user_module(place) for name, place in places.items()}
    given: dict[str, object] = {**vars(modules["evaluation"])}
    for name, file in DEFINED_IN.items():
        if hasattr(modules[file], name):
            given[name] = getattr(modules[file], name)
    decisive = [modules[name] for name in ("input_object", "preprocess", "postprocess")]
    given["fingerprint"] = fingerprint([inspect.getsource(module) for module in decisive])
    try:
        made = UseCase.model_validate(given)
    except ValidationError as error:
        raise _misfit(places, field_errors(error.errors())) from error
    if faults := list(_faults(made)):
        raise _misfit(places, faults)
    return made


def _misfit(places: Mapping[str, str], faults: Sequence[FieldError]) -> Misconfigured:
    def place(fault: FieldError) -> FieldError:
        name = fault.field.partition(".")[0].partition("[")[0]
        return FieldError(f"{places[DEFINED_IN.get(name, 'evaluation')]}.{fault.field}", fault.message)

    return Misconfigured("The use case cannot be used.", errors=[place(fault) for fault in faults])


def _faults(made: UseCase) -> Iterator[FieldError]:
    """What is wrong across the files, each under its name there."""
    fields = {field.alias or name for name, field in made.input_type.model_fields.items()}
    if not fields:
        yield FieldError("InputObject", "has no fields: name what is known of an input")
    if not made.features:
        yield FieldError("FEATURES", "is empty: name the columns of a row, in order")
    yield from (
        FieldError("FEATURES", f"names {name!r} twice")
        for name in dict.fromkeys(made.features)
        if made.features.count(name) > 1
    )
    if made.label in {"id", OBSERVED_AT, *fields}:
        yield FieldError(
            "LABEL", f"{made.label!r} is a column of its own in a file of records: choose another"
        )
    known = [OBSERVED_AT, *made.time_fields]
    if made.time_field is not None and made.time_field not in known:
        there_is = f"there is {', '.join(known)}; None goes by none"
        yield FieldError("TIME_FIELD", f"the input has no time {made.time_field!r}; {there_is}")


def fingerprint(sources: Sequence[str]) -> str:
    """16 hex digits that stay the same while only comments and formatting change."""
    trees = "\n".join(ast.unparse(ast.parse(source)) for source in sources)
    return hashlib.sha256(trees.encode()).hexdigest()[:16]
