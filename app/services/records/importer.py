"""Bulk import of records and their truths: read and checked first, then written in one transaction."""

from collections.abc import AsyncIterable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field

from pydantic import JsonValue, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.db.engine import Sessions, dump_json
from app.db.records import imports as rows
from app.db.tables import IdempotencyKeyRow
from app.schemas.access.callers import CURRENT
from app.schemas.faults import faults_of
from app.schemas.records.imports import Counts, FileFormat, ImportLine, ImportReport, LineError
from app.services.access import bounds
from app.services.failures.user_code import aside
from app.services.once import Keyed, hold, keep, replay
from app.services.records.import_columns import Columns
from app.services.records.import_lines import FileLine, NdjsonReader, Reader, batches
from app.services.records.import_options import NO_OPTIONS, ColumnOptions
from app.services.records.import_rows import CsvReader
from app.services.records.import_spool import Spool, spool
from app.services.records.labels import normalise_label
from app.services.records.records import prepare
from app.services.use_case import UseCase

MAX_ERRORS = 100
"""Faults that are listed; an import that is to be all or nothing stops reading there."""
AT_ONCE = 500
"""Lines that are worked on at once: of more the parts no longer fit the processor's cache."""

ANY_TIME: AbstractAsyncContextManager[object] = nullcontext()


@dataclass
class _Progress:
    read: int = 0
    skipped: int = 0
    errors: list[LineError] = field(default_factory=list)

    def note(self, line: FileLine, error: InvalidInput) -> None:
        self.skipped += line.lines
        if len(self.errors) < MAX_ERRORS:
            found = error.errors or [FieldError("", error.detail)]
            self.errors += [
                LineError(line=line.number, last_line=line.last, field=fault.field, message=fault.message)
                for fault in found
            ]


async def import_records(
    sessions: Sessions,
    use_case: UseCase,
    chunks: AsyncIterable[bytes],
    *,
    file_format: FileFormat,
    delimiter: str = ",",
    columns: ColumnOptions = NO_OPTIONS,
    skip_bad: bool = False,
    dry_run: bool = False,
    keyed: Keyed | None = None,
    turn: AbstractAsyncContextManager[object] = ANY_TIME,
) -> ImportReport:
    """Write the records and labels of a file, line after line: of several lines with one id the last wins.

    Either every line goes in, or InvalidInput lists what is wrong; with ``skip_bad`` the good lines go in and
    the report lists the others. Importing a file again changes nothing. If ``chunks`` raises, nothing stays;
    nor does it with ``dry_run``, which does all the rest.
    With a key it is done once, and the answer is the first one's. The database is not asked while the file
    comes, and then in its ``turn``.
    """
    reader = reader_for(use_case, file_format, delimiter, columns)
    if keyed is not None and (kept := await _kept(sessions, keyed)) is not None:
        async for _ in chunks:  # is it the same file?
            pass
        return replay(keyed, kept, ImportReport)
    progress = _Progress()
    with spool() as prepared:
        async for lines in batches(chunks):
            await aside(_prepare, use_case, reader, lines, progress, prepared)
            if not skip_bad and len(progress.errors) >= MAX_ERRORS:
                break
        else:
            await aside(_finish, use_case, reader, progress, prepared)
        if progress.errors and not skip_bad:
            raise _refusal(progress)
        async with turn, sessions.begin() as session:
            return await _write(session, prepared, progress, keyed, dry_run=dry_run)


async def _kept(sessions: Sessions, keyed: Keyed) -> IdempotencyKeyRow | None:
    """What was answered; Conflict where the same is being written. Nothing is held while a file comes."""
    async with sessions.begin() as session:
        return await hold(session, keyed)


async def _write(
    session: AsyncSession, prepared: Spool, progress: _Progress, keyed: Keyed | None, *, dry_run: bool
) -> ImportReport:
    if keyed is not None and (kept := await hold(session, keyed)) is not None:
        return replay(keyed, kept, ImportReport)
    await rows.begin(session)
    lines = await rows.copy(session, prepared.whole())
    records = await rows.merge_records(session, lines)
    labels = await rows.merge_labels(session, lines)
    report = _report(progress, records, labels, dry_run=dry_run)
    if dry_run:
        await session.rollback()
    elif keyed is not None:
        await keep(session, keyed, report)
    return report


def reader_for(
    use_case: UseCase, file_format: FileFormat, delimiter: str, columns: ColumnOptions
) -> CsvReader | NdjsonReader:
    """What reads a file of this format; InvalidInput where the options do not belong to it."""
    if file_format == "csv":
        return CsvReader(use_case, delimiter, columns)
    if given := columns.given():
        right = 'is for the columns of a CSV; a line of NDJSON is {"id", "input", "label", "observed_at"}'
        errors = [FieldError(name, right) for name in given]
        raise InvalidInput("A file of NDJSON has no columns.", errors=errors)
    return NdjsonReader(use_case)


def _prepare(
    use_case: UseCase, reader: Reader, lines: list[bytes], progress: _Progress, prepared: Spool
) -> None:
    """Keep the good lines, ready to be copied; the others are noted.

    All the work of a batch happens here, in a thread, so that the service stays responsive.
    """
    for start in range(0, len(lines), AT_ONCE):
        batch = reader.batch(lines[start : start + AT_ONCE])
        progress.read += batch.lines
        prepared.add(batch.frames)
        prepared.add(_looked_at(use_case, reader, batch.rest, progress))


def _finish(use_case: UseCase, reader: Reader, progress: _Progress, prepared: Spool) -> None:
    prepared.add(_looked_at(use_case, reader, reader.finish(), progress))


def _looked_at(
    use_case: UseCase, reader: Reader, lines: Iterable[FileLine], progress: _Progress
) -> Iterator[bytes]:
    for line in lines:
        progress.read += line.lines
        try:
            yield from rows.framed(rows.columns_of(incoming(use_case, line, reader.columns)))
        except InvalidInput as error:
            progress.note(line, error)


def incoming(use_case: UseCase, line: FileLine, columns: Columns | None) -> rows.Incoming:
    """A line as it is stored; InvalidInput names what does not fit as the file does."""
    if isinstance(line.content, InvalidInput):
        raise line.content
    if not isinstance(line.content, dict):
        raise InvalidInput("The line is not a JSON object.")
    parsed = _parsed(line.content, columns)
    _require_writable(parsed.id, columns)
    try:
        given = prepare(use_case, parsed.input)
    except InvalidInput as error:
        raise _in_words_of(columns, error, of_input=True) from error
    label = None
    if parsed.label is not None:
        label = dump_json(_label(use_case, parsed.label, columns)).encode()
    observed_at = None if parsed.observed_at is None else parsed.observed_at.isoformat().encode()
    return line.number, parsed.id, given.text, given.content_hash, label, observed_at, given.own_model


def _require_writable(record_id: str, columns: Columns | None) -> None:
    if CURRENT.get().knows_record(record_id):
        return
    place = "id" if columns is None else columns.called("id", of_input=False)
    fault = FieldError(place, f"must {bounds.fault()}, as ids of all records do that this key may write")
    raise InvalidInput("The line does not fit.", errors=[fault])


def _label(use_case: UseCase, value: JsonValue, columns: Columns | None) -> JsonValue:
    if columns is None:
        return normalise_label(use_case, value, path="label")
    try:
        return normalise_label(use_case, value, path=columns.called("label", of_input=False))
    except InvalidInput as error:
        faults = [FieldError(fault.field, _of_a_cell(fault.message)) for fault in error.errors]
        raise InvalidInput(_of_a_cell(error.detail), errors=faults) from error


def _parsed(content: dict[str, JsonValue], columns: Columns | None) -> ImportLine:
    try:
        return ImportLine.model_validate(content)
    except ValidationError as error:
        misfit = InvalidInput("The line does not fit.", errors=faults_of(error))
        raise _in_words_of(columns, misfit, of_input=False) from error


def _in_words_of(columns: Columns | None, error: InvalidInput, *, of_input: bool) -> InvalidInput:
    """The error, which names each place as the file does."""
    if columns is None:
        return error
    faults = [
        FieldError(columns.called(fault.field, of_input=of_input), _of_a_cell(fault.message))
        for fault in error.errors
    ]
    return InvalidInput(_of_a_cell(error.detail), errors=faults)


def _of_a_cell(message: str) -> str:
    """What is right in JSON, as it is right in a CSV, which has no null."""
    return message.replace("use null where", "leave the cell empty where")


def _refusal(progress: _Progress) -> InvalidInput:
    errors = [
        FieldError(f"{fault.place}: {fault.field}" if fault.field else fault.place, fault.message)
        for fault in progress.errors[:MAX_ERRORS]
    ]
    more = "; reading stopped there" if len(progress.errors) >= MAX_ERRORS else ""
    lines = "1 line does" if progress.skipped == 1 else f"{progress.skipped} lines do"
    return InvalidInput(f"{lines} not fit{more}. Nothing was imported.", errors=errors)


def _report(progress: _Progress, records: Counts, labels: Counts, *, dry_run: bool) -> ImportReport:
    return ImportReport(
        **records.model_dump(),
        dry_run=dry_run,
        labels=labels,
        read=progress.read,
        skipped=progress.skipped,
        errors=progress.errors[:MAX_ERRORS],
    )
