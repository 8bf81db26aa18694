"""The names that callers choose."""

import re
import unicodedata
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from app.core.errors import FieldError, InvalidInput, NotFound
from app.schemas.values.guesses import exact_number
from app.schemas.values.look_alikes import look_alike_fault

MAX_RECORD_ID = 200
MAX_PREFIX = 100
"""Characters: there must be room for what the ids of inline inputs go on with."""
NAME = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$"
LEGAL_NAME = (
    "must have 1 to 64 letters, digits, dots, dashes or underscores, and begin and end with a letter or digit"
)


def record_id_fault(record_id: str) -> str | None:
    """What is wrong with an id, in words, or None."""
    if not 1 <= len(record_id) <= MAX_RECORD_ID:
        return f"must have 1 to {MAX_RECORD_ID} characters, has {len(record_id)}"
    if record_id in (".", ".."):
        return "must not be '.' or '..', which clients remove from paths"
    # Printable text has none, and is told apart at once.
    if not record_id.isprintable() and any(
        unicodedata.category(character) in ("Cc", "Cs") for character in record_id
    ):
        return "must not contain control characters or lone surrogates"
    return None


def check_record_id(record_id: str) -> str:
    """The id, or InvalidInput that says what is wrong with it."""
    if fault := record_id_fault(record_id):
        raise InvalidInput("This is no record id.", errors=[FieldError("record_id", fault)])
    return record_id


def _legal(record_id: str) -> str:
    if fault := record_id_fault(record_id):
        raise ValueError(fault)
    return record_id


RecordIdText: TypeAlias = Annotated[str, AfterValidator(_legal)]
"""An id that a record may have, since when ids were looked at less closely too."""


def check_new_record_id(record_id: str) -> str:
    """The id that a record is written under, or InvalidInput; it must not look like another one."""
    if fault := record_id_fault(record_id) or look_alike_fault(record_id):
        raise InvalidInput("This is no record id.", errors=[FieldError("record_id", fault)])
    return record_id


def _unmistakable(record_id: str) -> str:
    if fault := look_alike_fault(record_id):
        raise ValueError(fault)
    return record_id


NewRecordIdText: TypeAlias = Annotated[RecordIdText, AfterValidator(_unmistakable)]
"""An id that a record is written under."""


def no_record(record_id: str) -> NotFound:
    """There is none; why, where the id looks like another one."""
    fault = look_alike_fault(record_id)
    return NotFound(f"There is no record {record_id!r}." + (f" Its id {fault}." if fault else ""))


def record_prefix_fault(prefix: str) -> str | None:
    """What is wrong with what the ids of a caller's records are to begin with, in words, or None.

    Whatever no id that is written can begin with: such a caller could write no record at all.
    """
    if len(prefix) > MAX_PREFIX:
        return f"must have at most {MAX_PREFIX} characters, has {len(prefix)}"
    return record_id_fault(prefix) or look_alike_fault(f"{prefix}0")


def is_legal_name(name: str) -> bool:
    return re.fullmatch(NAME, name) is not None


def _legal_name(name: str) -> str:
    if not is_legal_name(name):
        raise ValueError(LEGAL_NAME)
    return name


Name: TypeAlias = Annotated[
    str, AfterValidator(_legal_name), WithJsonSchema({"type": "string", "pattern": NAME})
]
"""A model's or version's name."""
RowId: TypeAlias = Annotated[int, Field(ge=1, le=2**63 - 1), BeforeValidator(exact_number)]
"""A number that Postgres gave: of a run, a job or a prediction."""
