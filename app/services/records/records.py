"""Records: input objects under the callers' own ids."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from app.core import strict_json
from app.core.cursors import Cursor
from app.core.errors import MAX_FAULTS, FieldError, InvalidInput, PreconditionFailed, UserCodeError
from app.core.errors.stored import as_stored
from app.db.engine import Sessions, run
from app.db.operations import working as operations
from app.db.records import records as rows
from app.schemas.faults import INPUT, faults_of
from app.schemas.ids import RecordIdText, no_record
from app.schemas.records.records import Record, RecordLabel, RecordPage, RecordStatus, RecordWrite
from app.schemas.values.careful import careful_of
from app.schemas.values.closed import crowded
from app.schemas.values.plain import adapter_of, plain_json
from app.services.access import audit, bounds
from app.services.failures.user_code import aside, user_code
from app.services.records.read_back import dumped, require_readable
from app.services.use_case import UseCase

Objection = Callable[[str | None], str | None]
"""Why a write may not go ahead, given the stored content hash (None: there is no such record), or None."""
CURSOR: Cursor[str] = Cursor("records", TypeAdapter(RecordIdText))


MISFIT = "The input does not fit."
MOST_UNKNOWN_FIELDS = 1000
"""Beyond those of InputObject, which may make fewer of what it is sent by a validator of its bounds."""


@dataclass(frozen=True)
class Input:
    """An input object as it is stored: as JSON in its canonical form, the hash of that, and the model that it
    is predicted with where none is named, if it has one of its own."""

    text: bytes
    content_hash: str
    own_model: str | None = None

    @property
    def payload(self) -> dict[str, JsonValue]:
        read: dict[str, JsonValue] = json.loads(self.text)
        return read

    def stored_as(self, record_id: str) -> rows.NewRecord:
        return rows.NewRecord(record_id, self.text.decode(), self.content_hash, self.own_model)


def prepare(use_case: UseCase, raw: JsonValue, *, path: str = "") -> Input:
    """An input as ``normalise`` makes it, with the model of its own."""
    given = normalise(use_case.input_type, raw, path=path)
    if use_case.model_for is None:
        return given
    return replace(given, own_model=use_case.own_model(use_case.parse(given.payload), path=path))


def normalise(input_type: type[BaseModel], raw: JsonValue, *, path: str = "") -> Input:
    """Validate an input and bring it to its one stored form; InvalidInput names each faulty field.

    Unknown fields are errors, so that a typing mistake cannot pass for a missing optional field. Values take
    the form that pydantic dumps: an integer in a float field becomes a float, a Decimal a string that keeps
    its zeros ("0.10"), minus zero zero, a moment without an offset one of UTC. What could not be read again
    as it was given is an error, too. ``path`` is where the input stands in the request.
    """
    return _at_once(input_type, raw) or look_at(input_type, raw, path=path)


def _at_once(input_type: type[BaseModel], raw: JsonValue) -> Input | None:
    """The same where nothing needs a look, in microseconds and without a line of the user's code; or None."""
    plain = plain_json(adapter_of(input_type))
    text = None if plain is None else plain.texts([raw])[0]
    return None if text is None else Input(text, strict_json.hash_of(text))


def look_at(input_type: type[BaseModel], raw: JsonValue, *, path: str = "") -> Input:
    """What ``normalise`` does where a type or a value is none that can be taken at once."""
    if fault := crowded(raw, len(input_type.model_fields) + MOST_UNKNOWN_FIELDS):
        raise InvalidInput(MISFIT, errors=[FieldError(path or INPUT, fault)])
    with user_code("InputObject"):
        try:
            parsed: BaseModel = careful_of(input_type).validate_python(raw, extra="forbid")
        except ValidationError as error:
            errors = faults_of(error, path)
            raise InvalidInput(MISFIT, errors=errors) from error
        stored = dumped(parsed)
    if not isinstance(stored, dict):
        raise UserCodeError("InputObject is dumped as what is no JSON object, and cannot be stored.")
    strict_json.check(stored, path)  # "nan" is text before validation and a number after it
    text = strict_json.canonical(stored).encode()
    made = Input(text, strict_json.hash_of(text))
    with user_code("InputObject"):
        require_readable(parsed, made.payload, path=path)
    return made


def no_objection(_stored: str | None) -> None:
    """The precondition of a write without one."""


async def get(sessions: Sessions, record_id: str) -> Record:
    """The record with its label, or NotFound."""
    bounds.require_known(record_id)
    row = await run(sessions, lambda session: rows.find(session, record_id))
    return _found(row, record_id)


async def put(
    sessions: Sessions,
    use_case: UseCase,
    record_id: str,
    raw: JsonValue,
    *,
    path: str = "",
    objection: Objection = no_objection,
) -> tuple[Record, bool]:
    """Create or replace one record; the record, and whether it is new. The same input changes nothing.

    ``objection`` is asked with the row locked, so of several writers who saw one state one wins; the others
    get PreconditionFailed. Forbidden where the caller may not know of it.
    """
    bounds.require_writable([record_id])
    given = _at_once(use_case.input_type, raw) if use_case.model_for is None else None
    if given is None:
        given = await aside(prepare, use_case, raw, path=path)
    new = given.stored_as(record_id)
    async with sessions.begin() as session:
        written = await rows.insert_or_lock(session, new)
        _require(objection, None if written.created else written.content_hash)
        if written.content_hash == given.content_hash:
            if use_case.model_for is not None:
                await rows.note_own_models(session, [new])
            return _record(written), written.created
        await rows.replace(session, new)
        return _found(await rows.find(session, record_id), record_id), False


async def put_many(sessions: Sessions, use_case: UseCase, items: Sequence[RecordWrite]) -> list[RecordStatus]:
    """Create or replace records, all or none; one status per item, in order.

    InvalidInput names the first faults. An id may come once: which of two inputs is meant to stay
    would be a guess. Forbidden where the caller may not know of one of them.
    """
    bounds.require_writable([item.id for item in items])
    inputs = await aside(_prepare_all, use_case, items)
    new = [given.stored_as(item.id) for item, given in zip(items, inputs, strict=True)]
    async with sessions.begin() as session:
        written = await rows.upsert(session, new)
    status = {True: "created", False: "updated", None: "unchanged"}
    return [
        RecordStatus.model_validate(
            {"id": one.id, "content_hash": one.content_hash, "status": status[written.get(one.id)]}
        )
        for one in new
    ]


def _prepare_all(use_case: UseCase, items: Sequence[RecordWrite]) -> list[Input]:
    inputs: list[Input] = []
    errors: list[FieldError] = []
    first: dict[str, int] = {}
    for index, item in enumerate(items):
        path = f"items[{index}].input"
        if first.setdefault(item.id, index) != index:
            errors.append(FieldError(f"items[{index}].id", f"repeats the id of items[{first[item.id]}]"))
        try:
            inputs.append(prepare(use_case, item.input, path=path))
        except InvalidInput as error:
            errors += error.errors or [FieldError(path, error.detail)]
        if len(errors) > MAX_FAULTS:
            break
    if errors:
        raise InvalidInput("Some records do not fit; nothing was stored.", errors=errors)
    return inputs


async def delete(sessions: Sessions, record_id: str, *, objection: Objection = no_objection) -> None:
    """Delete the record and its label. NotFound, or PreconditionFailed if there is an ``objection``."""
    bounds.require_known(record_id)
    async with sessions.begin() as session:
        stored = await rows.lock(session, record_id)
        if stored is None:
            raise no_record(record_id)
        _require(objection, stored)
        await rows.remove(session, record_id)
        await operations.drop_inputs(session, [record_id], as_stored(no_record(record_id)))
        await audit.note(session, "deleted", "records", records=1)


async def page(sessions: Sessions, *, limit: int, cursor: str | None, prefix: str) -> RecordPage:
    """Records in the order of their ids, from the place where the last page's cursor points."""
    strict_json.check(prefix, "prefix")
    after = CURSOR.decode(cursor) or ""
    if (within := bounds.narrowed(prefix)) is None:
        return RecordPage(items=[], next_cursor=None)
    found = await run(
        sessions, lambda session: rows.page(session, after=after, prefix=within, limit=limit + 1)
    )
    items, next_cursor = CURSOR.cut([_record(row) for row in found], limit, lambda last: last.id)
    return RecordPage(items=items, next_cursor=next_cursor)


def _found(row: rows.LabelledRecord | None, record_id: str) -> Record:
    if row is None:
        raise no_record(record_id)
    return _record(row)


def _record(row: rows.LabelledRecord | rows.WrittenRecord) -> Record:
    label = None
    if row.observed_at is not None:
        label = RecordLabel(value=row.value, observed_at=row.observed_at)
    return Record(
        id=row.id,
        input=row.payload,
        content_hash=row.content_hash,
        created_at=row.created_at,
        updated_at=row.updated_at,
        label=label,
    )


def _require(objection: Objection, stored: str | None) -> None:
    if (detail := objection(stored)) is not None:
        raise PreconditionFailed(detail)
