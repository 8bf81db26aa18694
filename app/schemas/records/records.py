"""Records and their labels on the wire."""

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    JsonValue,
    SkipValidation,
    WithJsonSchema,
)

from app.schemas.ids import NewRecordIdText
from app.schemas.values.closed import Closed
from app.schemas.values.guesses import in_utc, no_number_for_a_time
from app.schemas.values.wire import Wire

INPUT_STANDS_HERE = "x-input-object"
"""Marks where an input stands in the OpenAPI document: only the application knows the class."""
_Here: Final = WithJsonSchema({"type": "object", INPUT_STANDS_HERE: True})
InputJson: TypeAlias = Annotated[dict[str, SkipValidation[JsonValue]], _Here]
"""An object out of parsed JSON, whose values need no second look before the service's."""
AnyJson: TypeAlias = SkipValidation[JsonValue]
"""A value out of parsed JSON as it was read, with every digit: validating it anew makes numbers doubles."""
AnyInput: TypeAlias = Annotated[AnyJson, _Here]
"""What should be an input: the service checks it, so that a bad one does not spoil the others."""
Moment: TypeAlias = Annotated[AwareDatetime, BeforeValidator(no_number_for_a_time), AfterValidator(in_utc)]
"""A point in time. A text without an offset and a number are refused: what they mean would be a guess."""


class RecordLabel(Wire):
    """The truth about a record, and when it was observed."""

    value: JsonValue
    observed_at: datetime


class LabelWrite(Closed):
    """``observed_at`` defaults to now, or stays as it is if the value is the stored one."""

    value: AnyJson
    observed_at: Moment | None = None


class Record(Wire):
    """An input object under its id; ``content_hash`` is also its ETag."""

    id: str
    input: InputJson
    content_hash: str
    created_at: datetime
    updated_at: datetime
    label: RecordLabel | None


class RecordWrite(Closed):
    id: NewRecordIdText
    input: InputJson


class RecordStatus(Wire):
    """What writing one record of a list did."""

    id: str
    content_hash: str
    status: Literal["created", "updated", "unchanged"]


class WrittenRecords(Wire):
    """What writing a list of records did: one item per record, in the order of the request."""

    items: list[RecordStatus]


class RecordPage(Wire):
    """Records in the order of their ids; ``next_cursor`` is null on the last page."""

    items: list[Record]
    next_cursor: str | None
