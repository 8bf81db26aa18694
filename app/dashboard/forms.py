"""What is typed into forms, read as the API reads JSON."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from app.api.http.problems import from_app_error
from app.core import strict_json
from app.core.errors import AppError, FieldError, InvalidInput
from app.schemas.faults import faults_of
from app.schemas.problem import Problem

FormShape = TypeVar("FormShape", bound=BaseModel)
MISFIT = "The form does not fit."
NOTHING: Mapping[str, str] = {}
"""That is entered."""


def value_of(text: str) -> JsonValue:
    """JSON where it is some, else the text itself: ``12.5`` and ``"12.5"`` are what they are in JSON."""
    try:
        return strict_json.parse(text.encode())
    except InvalidInput:
        return text


def given_value(form: Mapping[str, str], field: str) -> JsonValue:
    """The value of a field that may not be empty."""
    if not (text := form.get(field, "").strip()):
        raise InvalidInput(MISFIT, errors=[FieldError(field, "is empty: type a value")])
    return value_of(text)


def validated(shape: type[FormShape], said: Mapping[str, object]) -> FormShape:
    """What a form says, as a request of the API; InvalidInput names each faulty field."""
    try:
        return shape.model_validate(said)
    except ValidationError as error:
        raise InvalidInput(MISFIT, errors=faults_of(error)) from error


def problem_of(error: AppError) -> Problem:
    """What the API would answer, to be shown on a page; it is logged as that is."""
    return Problem.model_validate_json(bytes(from_app_error(error).body))
