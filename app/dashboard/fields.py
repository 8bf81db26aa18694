"""What a page's address and forms give, as the services take it: an empty field is none."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from app.core.errors import FieldError, InvalidInput
from app.schemas.ids import Name
from app.schemas.records.records import Moment

Empty = BeforeValidator(lambda given: given if given != "" else None)
NameField: TypeAlias = Annotated[Name | None, Empty]
"""A name in a query, where a form of filters sends the empty ones, too."""
MOMENT: TypeAdapter[Moment] = TypeAdapter(Moment)
NAME: TypeAdapter[Name] = TypeAdapter(Name)


def needed(form: Mapping[str, str], name: str) -> str:
    """A field that the page's own form always has; InvalidInput where another one does not."""
    if not form.get(name):
        raise InvalidInput("The form does not fit.", errors=[FieldError(name, "is missing")])
    return form[name]


def named(form: Mapping[str, str], field: str) -> str:
    """A name of a model or version."""
    try:
        return NAME.validate_python(needed(form, field))
    except ValidationError as error:
        raise InvalidInput("The form does not fit.", errors=[FieldError(field, "is no name")]) from error


def moment(form: Mapping[str, str], field: str) -> datetime | None:
    """A point in time, None where the field is empty."""
    if not (given := form.get(field)):
        return None
    try:
        return MOMENT.validate_python(given)
    except ValidationError as error:
        fault = FieldError(field, "must be a time with its offset, such as 2026-01-31T08:00:00Z")
        raise InvalidInput("The form does not fit.", errors=[fault]) from error
