"""Whether an input is read back as it was given, from what would be stored of it."""

from pydantic import BaseModel, JsonValue, ValidationError

from app.core.errors import FieldError, InvalidInput
from app.schemas.faults import faults_of
from app.schemas.values.careful import careful_of

DETAIL = "The input cannot be stored: it would be read back as another one."
OTHER = "is another value when it is read back: the type of this field must read what it stores"


def require_readable(given: BaseModel, payload: JsonValue, *, path: str = "") -> None:
    """InvalidInput names the fields that come back as others, or not at all. ``path`` is where the input is.

    What can be told of a class is refused at start (use_case.stored_form); the rest only shows in a value.
    """
    try:
        read: BaseModel = careful_of(type(given)).validate_python(payload)
    except ValidationError as error:
        raise InvalidInput(DETAIL, errors=faults_of(error, path)) from error
    wrong = [name for name in type(given).model_fields if getattr(given, name) != getattr(read, name)]
    if wrong:
        errors = [FieldError(f"{path}.{name}".removeprefix("."), OTHER) for name in wrong]
        raise InvalidInput(DETAIL, errors=errors)
