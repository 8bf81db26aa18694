"""What is wrong with a use case beyond the types of its definitions, found before anything runs on it."""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, RootModel, ValidationError
from pydantic.errors import PydanticUserError

from app.core.errors import FieldError
from app.db.records.windows import OBSERVED_AT
from app.schemas.judged import METRICS
from app.services.use_case.stored_form import unreadable
from app.services.use_case.value import UseCase

NO_FEATURES = "is empty: name the columns of a row, in order; without any, preprocess is -> list[Payload]"


def unusable(input_type: object) -> FieldError | None:
    """Why a class cannot be an input object at all, such as a field whose type is not defined."""
    if not (isinstance(input_type, type) and issubclass(input_type, BaseModel)):
        return None  # which its type says
    if input_type is BaseModel:
        return FieldError("InputObject", "must be a class of its own, derived from BaseModel")
    if issubclass(input_type, RootModel):
        return FieldError("InputObject", "must have fields with names, and a RootModel has none")
    try:
        input_type.model_rebuild()
    except (PydanticUserError, NameError) as error:
        return FieldError("InputObject", f"cannot be used: {str(error).splitlines()[0]}")
    return None


def faults(made: UseCase) -> Iterator[FieldError]:
    """What is wrong across the files, each under its name there."""
    yield from _input_faults(made.input_type)
    if not made.features and not made.makes_payloads:
        yield FieldError("FEATURES", NO_FEATURES)
    for name, given in (("FEATURES", made.features), ("METRICS", made.metrics), ("HEADLINE", made.headline)):
        yield from _repeated(name, given)
    fields = {field.alias or name for name, field in made.input_type.model_fields.items()}
    if made.label in {"id", OBSERVED_AT, *fields}:
        yield FieldError("LABEL", f"{made.label!r} is another column of a file of records: choose another")
    yield from _judging_faults(made)
    known = [OBSERVED_AT, *made.time_fields]
    if made.time_field is not None and made.time_field not in known:
        there_is = f"there is {', '.join(known)}; None goes by none"
        yield FieldError("TIME_FIELD", f"the input has no time {made.time_field!r}; {there_is}")


def _input_faults(input_type: type[BaseModel]) -> Iterator[FieldError]:
    """It has to be stored, and read again."""
    if not input_type.model_fields:
        yield FieldError("InputObject", "has no fields: name what is known of an input")
    yield from unreadable(input_type)


def _repeated(field: str, names: Sequence[str]) -> Iterator[FieldError]:
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    yield from (FieldError(field, f"names {name!r} twice") for name in twice)


def _judging_faults(made: UseCase) -> Iterator[FieldError]:
    there_is = f"a {made.task} task has {', '.join(METRICS[made.task])}"
    for field, names in (("METRICS", made.metrics), ("HEADLINE", made.headline)):
        unknown = [name for name in names if name not in METRICS[made.task]]
        yield from (FieldError(field, f"there is no {name!r}; {there_is}") for name in unknown)
    if made.positive is not None:
        try:
            made.label_type.validate_python(made.positive)
        except ValidationError:
            yield FieldError("POSITIVE", f"{made.positive!r} is no value of Label")
