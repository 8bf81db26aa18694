"""Which records are asked for, by values and by a time: checked against the fields of InputObject."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from app.core.errors import FieldError, InvalidInput
from app.db.records.windows import OBSERVED_AT, Window
from app.schemas.access.callers import CURRENT
from app.schemas.faults import faults_of
from app.schemas.values.careful import careful
from app.services.failures.user_code import user_code
from app.services.use_case import UseCase

LISTED = 30
"""Names that an error tells at most."""


def faults(
    use_case: UseCase, where: Mapping[str, JsonValue], time_field: str | None, *, by_time: bool = False
) -> list[FieldError]:
    """What is wrong with a filter, and what would be right. ``by_time``: it needs a field to go by."""
    fields = _fields(use_case)
    found = unknown("where", where, fields)
    times = [OBSERVED_AT, *use_case.time_fields]
    found += unknown("time_field", [time_field] if time_field else (), times)
    if by_time and not (time_field or use_case.time_field):
        what = "needed for a window or buckets of time, since evaluation.TIME_FIELD is None"
        found.append(FieldError("time_field", f"{what}; there is {listed(sorted(times))}"))
    for name, value in where.items():
        if name in fields:
            found += _value_faults(name, fields[name], value)
    return found


def unknown(field: str, given: Iterable[str], known: Iterable[str]) -> list[FieldError]:
    """A fault per name that there is not."""
    names = sorted(known)
    return [
        FieldError(field, f"there is no {name!r}; there is {listed(names)}")
        for name in given
        if name not in names
    ]


def listed(names: Sequence[str]) -> str:
    """The names for an error, the first of them if there are many."""
    return ", ".join([*names[:LISTED], "..."] if len(names) > LISTED else names) or "none"


def window(
    use_case: UseCase,
    where: Mapping[str, JsonValue],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    time_field: str | None = None,
    timed: bool = False,
    model: str | None = None,
    default_model: str | None = None,
) -> Window:
    """The fit records with these values, in these bounds of time, of those that the caller may know of;
    InvalidInput says what does not fit.

    ``timed``: only those with a time, though there may be no bounds. ``model``: where records have models of
    their own, only those that are predicted with it where none is named, as ``default_model`` is otherwise.
    """
    by_time = timed or since is not None or until is not None
    if wrong := faults(use_case, where, time_field, by_time=by_time):
        raise InvalidInput("The filter does not fit the present InputObject.", errors=wrong)
    stored = {name: _stored(_fields(use_case)[name], value) for name, value in where.items()}
    field = time_field or use_case.time_field
    prefix = CURRENT.get().record_prefix
    of_model = model if use_case.model_for is not None else None
    is_default = model == default_model
    return Window(field, since, until, stored, use_case.required, timed, prefix, of_model, is_default)


def unnamed_model(use_case: UseCase, model: str | None) -> list[FieldError]:
    """What is wrong with work on many records that names no model, where they have models of their own."""
    if model is not None or use_case.model_for is None:
        return []
    return [FieldError("model", "name one: records have models of their own, and this is done with one")]


def _fields(use_case: UseCase) -> dict[str, FieldInfo]:
    """The input's fields by their names in stored records."""
    return {info.serialization_alias or name: info for name, info in use_case.input_type.model_fields.items()}


def _value_faults(name: str, info: FieldInfo, value: JsonValue) -> list[FieldError]:
    with user_code("InputObject"):
        try:
            _stored(info, value)
        except ValidationError as error:
            return faults_of(error, f"where.{name}")
    return []


def _stored(info: FieldInfo, value: JsonValue) -> JsonValue:
    bounded = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    adapter: TypeAdapter[object] = TypeAdapter(bounded)  # type: ignore[arg-type]
    stored: JsonValue = adapter.dump_python(
        careful(adapter).validate_python(value), mode="json", by_alias=True, round_trip=True
    )
    return stored
