"""The value: what the four files define, with the names that the rest of the service has for it."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Annotated, TypeAlias, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
)
from pydantic.errors import PydanticUserError

from app.core import strict_json
from app.core.errors import BadOutput, InvalidInput, UserCodeError
from app.schemas.context import Context
from app.schemas.faults import faults_of
from app.schemas.hosting.deployments import Deployment
from app.schemas.judged import Judged, Task, TruthValue
from app.schemas.payloads import Sendable
from app.schemas.values.careful import careful, careful_of
from app.services.failures.user_code import user_code
from app.services.use_case.code import StageCode
from app.services.use_case.readings import checked, checked_name
from app.services.use_case.signatures import (
    of_a_form,
    of_one_argument,
    says_payloads,
    says_scalars,
    takes_context,
)
from app.services.use_case.times import time_fields

Slice: TypeAlias = Callable[[BaseModel], str]
OwnModel: TypeAlias = Callable[[BaseModel], str | None]
Pair: TypeAlias = tuple[JsonValue, BaseModel]
"""A model's output, and the input that it is of."""


def as_it_is(output: JsonValue) -> Judged:
    """The default of ``judge``: a number, a text, true or false is what was predicted."""
    if isinstance(output, str | int | float):
        return Judged(output)
    raise ValueError(f"expected a number or a class, got {type(output).__name__}")


def _adapter(label_type: object) -> TypeAdapter[object]:
    if isinstance(label_type, TypeAdapter):
        return label_type
    try:
        adapter: TypeAdapter[object] = TypeAdapter(cast(type[object], label_type))
        adapter.rebuild(raise_errors=True)  # of a name that is not defined it is made later, or never
    except (PydanticUserError, NameError) as error:
        raise ValueError(f"must be a type that pydantic knows, not {label_type!r}") from error
    return adapter


def _ordered(names: object) -> object:
    """A set has another order in every process, and so would the columns of a row."""
    if not isinstance(names, list | tuple):
        raise ValueError(f"must be a tuple or a list, in the order of a row, not a {type(names).__name__}")
    return names


def _context(deployment: Deployment, inputs: Sequence[BaseModel]) -> Context[BaseModel]:
    return Context(deployment.model, deployment.version, deployment.features, tuple(inputs))


class UseCase(BaseModel):
    """One use case; the aliases are the names in the files, which say what each means."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    input_type: type[BaseModel] = Field(alias="InputObject")
    features: Annotated[tuple[str, ...], BeforeValidator(_ordered)] = Field(alias="FEATURES")
    preprocess: Annotated[Callable[..., Sequence[Sendable]], AfterValidator(of_a_form)]
    postprocess: Annotated[Callable[..., Sequence[JsonValue]], AfterValidator(of_a_form)]
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
    model_for: Annotated[OwnModel, AfterValidator(of_one_argument)] | None = None
    fingerprint: str
    """All that a cache key knows of a use case: 16 hex digits for the code that decides a prediction."""
    stages: Mapping[str, StageCode] = {}
    """That code, by what it does: input, preprocess and postprocess."""

    @cached_property
    def time_fields(self) -> tuple[str, ...]:
        """The input's fields that hold a point in time or a day, by their names in stored records."""
        return time_fields(self.input_type)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The input's fields without a default, by their names in stored records."""
        fields = self.input_type.model_fields.items()
        return tuple(field.serialization_alias or name for name, field in fields if field.is_required())

    def lacking(self, features: Sequence[str]) -> list[str]:
        """Those of a version's features that preprocess does not make; none where it makes no features."""
        return [name for name in features if name not in self.features] if self.features else []

    @cached_property
    def makes_payloads(self) -> bool:
        """Whether preprocess says that it makes payloads, rows beside them perhaps."""
        return says_payloads(self.preprocess)

    @cached_property
    def scalar(self) -> type | None:
        """``bool``, ``int`` or ``float``, where postprocess says that each prediction is one."""
        return says_scalars(self.postprocess)

    @cached_property
    def reads_inputs_again(self) -> bool:
        """Whether postprocess takes a context, which has the inputs."""
        return takes_context(self.postprocess)

    def preprocessing(self, deployment: Deployment) -> Callable[[Sequence[BaseModel]], Sequence[Sendable]]:
        """``preprocess`` for a version, given the context if it takes one."""
        if not takes_context(self.preprocess):
            return self.preprocess
        return lambda items: self.preprocess(items, _context(deployment, items))

    def postprocessing(self, deployment: Deployment) -> Callable[[Sequence[Pair]], Sequence[JsonValue]]:
        """A ``postprocess`` that takes the context, for a version: given each output with its input."""
        return lambda pairs: self.postprocess(
            [output for output, _ in pairs], _context(deployment, [item for _, item in pairs])
        )

    def parse(self, payload: JsonValue) -> BaseModel:
        """A stored record's input; InvalidInput where it does not fit, else UserCodeError."""
        with user_code("InputObject"):
            try:
                parsed: BaseModel = careful_of(self.input_type).validate_python(payload)
            except ValidationError as error:
                detail = "The stored record does not fit the present InputObject."
                raise InvalidInput(detail, errors=faults_of(error)) from error
        return parsed

    def own_model(self, item: BaseModel, *, path: str = "") -> str | None:
        """The model that an input is predicted with where none is named, by ``model_for``; None: the default
        one. InvalidInput where what it gives is no model's name, UserCodeError where it fails."""
        if self.model_for is None:
            return None
        with user_code("evaluation.model_for"):
            name = self.model_for(item)
        return checked_name(name, path)

    def truth(self, label: JsonValue) -> JsonValue:
        """A stored label as metrics take it, a Decimal as a number; InvalidInput where it does not fit."""
        with user_code("Label"):
            try:
                value = careful(self.label_type).validate_python(label)
            except ValidationError as error:
                detail = "The stored label does not fit the present Label."
                raise InvalidInput(detail, errors=faults_of(error, self.label)) from error
        return float(value) if isinstance(value, Decimal) else label

    def group(self, name: str, item: BaseModel) -> str:
        """The group of a slice that an input belongs to; UserCodeError where its function fails."""
        what = f"the slice {name!r} of evaluation.py"
        with user_code(what):
            value = self.slices[name](item)
        if not isinstance(value, str):
            raise UserCodeError(f"{what} must give a text, not {type(value).__name__}.")
        try:
            strict_json.check(value, what)
        except InvalidInput as error:
            raise UserCodeError(error.detail) from error
        return value

    def judged(self, output: JsonValue) -> Judged:
        """A prediction as ``judge`` reads it; BadOutput or UserCodeError where it cannot."""
        with user_code("evaluation.judge"):
            try:
                read = self.judge(output)
            except ValueError as error:
                raise BadOutput(f"evaluation.judge cannot read a prediction: {error}") from error
        return checked(read)
