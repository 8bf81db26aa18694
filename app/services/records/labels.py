"""Labels: the truth about a record, which arrives later and leaves the record's content hash as it is."""

from datetime import datetime

from pydantic import JsonValue, ValidationError

from app.core import strict_json
from app.core.errors import FieldError, InvalidInput, NotFound
from app.db.engine import Sessions
from app.db.records import labels as rows
from app.schemas.faults import faults_of
from app.schemas.ids import no_record
from app.schemas.records.records import RecordLabel
from app.schemas.values.careful import careful
from app.services.access import bounds
from app.services.failures.user_code import aside, user_code
from app.services.records import records
from app.services.records.read_back import is_same
from app.services.use_case import UseCase


async def put_label(
    sessions: Sessions,
    use_case: UseCase,
    record_id: str,
    value: JsonValue,
    *,
    observed_at: datetime | None = None,
) -> RecordLabel:
    """Set the truth about a record; NotFound if there is no such record.

    ``observed_at`` defaults to now, or to what is stored if the value is the same.
    """
    label = await aside(normalise_label, use_case, value, path="value")
    bounds.require_known(record_id)
    async with sessions.begin() as session:
        row = await rows.upsert(session, record_id, label, observed_at)
    if row is None:
        raise no_record(record_id)
    return RecordLabel(value=row.value, observed_at=row.observed_at)


async def get_label(sessions: Sessions, record_id: str) -> RecordLabel:
    """The truth about a record; NotFound if there is none, or no such record."""
    label = (await records.get(sessions, record_id)).label
    if label is None:
        raise _no_label(record_id)
    return label


async def delete_label(sessions: Sessions, record_id: str) -> None:
    """Forget the truth about a record; NotFound if there is none, or no such record."""
    bounds.require_known(record_id)
    async with sessions.begin() as session:
        if await rows.remove(session, record_id):
            return
    await records.get(sessions, record_id)
    raise _no_label(record_id)


def _no_label(record_id: str) -> NotFound:
    return NotFound(f"The record {record_id!r} has no label.")


def normalise_label(use_case: UseCase, value: JsonValue, *, path: str) -> JsonValue:
    """The label as it is stored, validated by the user's Label type; InvalidInput says what does not fit."""
    with user_code("Label"):
        return _normalised(use_case, value, path)


def _normalised(use_case: UseCase, value: JsonValue, path: str) -> JsonValue:
    try:
        validated = careful(use_case.label_type).validate_python(value)
        label: JsonValue = use_case.label_type.dump_python(validated, mode="json")
        read = careful(use_case.label_type).validate_python(label)
        is_read = is_same(validated, read) and use_case.label_type.dump_python(read, mode="json") == label
    except ValidationError as error:
        raise InvalidInput("The label does not fit.", errors=faults_of(error, path)) from error
    strict_json.check(label, path)
    if not is_read:
        fault = FieldError(path, "is another value when it is read back: Label must read what it stores")
        raise InvalidInput("The label cannot be stored.", errors=[fault])
    return label
