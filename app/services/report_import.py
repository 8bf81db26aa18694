"""Bring in CSV reports from the storage, as runs of the kind ``report``."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import InvalidInput, NotFound, StorageDown, StorageError
from app.db import evaluations
from app.db.engine import Sessions
from app.db.evaluations import Metric
from app.db.tables import EvaluationRow
from app.schemas.evaluations import EvaluationRequest
from app.schemas.reports import ImportedReports, ReportImport, Unread
from app.services import models, reports
from app.services.reports import MAX_BYTES, Fault, Row
from app.storage import Entry, Storage

MAX_UNREAD = 1000
"""Reasons that are listed."""


@dataclass(frozen=True)
class Layout:
    """What a key says, as ``<prefix>/<model>/<version>/<timestamp>.csv``; None where it does not."""

    model: str | None
    version: str | None
    evaluated_at: datetime | None


@dataclass
class Run:
    """A run that a file tells of: its first line, how many lines it has, and its metrics by their keys."""

    model: str
    version: str
    evaluated_at: datetime
    line: int
    lines: int = 0
    metrics: dict[tuple[str, str, str], Metric] = field(default_factory=dict)


@dataclass
class _File:
    """A file that was read. ``skipped`` counts the lines that ``faults`` are about."""

    entry: Entry
    runs: list[Run]
    faults: list[Fault]
    skipped: int


async def import_reports(sessions: Sessions, storage: Storage, wanted: ReportImport) -> ImportedReports:
    """Bring in the reports below a prefix, those modified last first, each in a transaction.

    What cannot be used is listed, and the rest goes in. A file that went in whole is not read again while its
    ETag stays; our own reports never are. NotFound if there is no file; if StorageDown ends it in between,
    what went in stays, and the same import goes on from there.
    """
    folder = wanted.prefix.rstrip("/") + "/"
    entries = [entry for entry in await storage.list(folder) if not entry.key.endswith("/")]
    if not entries:
        raise NotFound(f"There is no file below {folder!r} in the storage.")
    entries.sort(key=lambda entry: (entry.last_modified, entry.key), reverse=True)
    chosen = entries[: wanted.newest]
    done = await _done(sessions, folder)
    result = ImportedReports(files=len(chosen))
    for entry in chosen:
        if done.isdisjoint({(entry.key, entry.etag), (entry.key, None)}):
            await _import_file(sessions, storage, entry, wanted, result)
        else:
            result.unchanged += 1
    return result


async def _done(sessions: Sessions, folder: str) -> set[tuple[str | None, str | None]]:
    """Keys, with ETags, of files that went in whole, and keys, with None, of our own reports."""
    row = EvaluationRow
    query = select(row.report, row.etag).where(row.report.startswith(folder, autoescape=True))
    whole = query.where((row.kind != "report") | (row.failed == 0))
    async with sessions() as session:
        found = (await session.execute(whole)).all()
    return {(key, etag.partition(" ")[0] if etag else None) for key, etag in found}


async def _import_file(
    sessions: Sessions, storage: Storage, entry: Entry, wanted: ReportImport, result: ImportedReports
) -> None:
    try:
        content = await _content(storage, entry)
        file = await asyncio.to_thread(_read, entry, content, wanted)
    except StorageDown:
        raise
    except (InvalidInput, NotFound, StorageError) as error:
        result.refused += 1
        _list(result, entry.key, [(None, error.detail)])
        return
    async with sessions.begin() as session:
        new = await _store(session, file)
    for run in new:
        result.runs += 1
        result.metrics += len(run.metrics)
    result.imported += bool(new)
    result.unchanged += bool(file.runs and not new)
    result.refused += not file.runs
    result.skipped += file.skipped
    _list(result, entry.key, sorted((fault.line, fault.reason) for fault in file.faults))


def _list(result: ImportedReports, key: str, found: Sequence[tuple[int | None, str]]) -> None:
    unread = [Unread(key=key, line=line, reason=reason) for line, reason in found]
    result.unread += unread[: MAX_UNREAD - len(result.unread)]


async def _content(storage: Storage, entry: Entry) -> bytes:
    if entry.size > MAX_BYTES:
        raise InvalidInput(f"The file has {entry.size} bytes; the most that is read is {MAX_BYTES}.")
    return await storage.get(entry.key)


def layout(key: str) -> Layout:
    """What a key says; a time without an offset is UTC."""
    model, version, name = ([None, None, *key.split("/")])[-3:]
    stem = (name or "").removesuffix(".gz").removesuffix(".csv")
    try:
        at = datetime.fromisoformat(stem)
        return Layout(model, version, at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC))
    except (ValueError, OverflowError):
        return Layout(model, version, None)


def _read(entry: Entry, content: bytes, wanted: ReportImport) -> _File:
    rows, faults = reports.read(content, wanted.delimiter)
    file = _File(entry, [], faults, skipped=len(faults))
    file.runs = _gather(file, rows, wanted)
    return file


def _gather(file: _File, rows: Sequence[Row], wanted: ReportImport) -> list[Run]:
    """The runs that the rows tell of: the line's own word first, then the caller's, then the key's."""
    said = layout(file.entry.key)
    runs: dict[tuple[str, str, datetime], Run] = {}
    for row in rows:
        model, version = (
            row.model or wanted.model or said.model,
            row.version or wanted.version or said.version,
        )
        at = row.evaluated_at or said.evaluated_at or file.entry.last_modified
        if not model or not version:
            _skip(
                file,
                row.line,
                "The model or the version is said neither here, nor by the key or a parameter.",
            )
            continue
        run = runs.setdefault((model, version, at), Run(model, version, at, row.line))
        found = {(one.metric, one.slice, one.bucket): one for one in row.metrics}
        if run.metrics.keys() & found.keys():
            _skip(file, row.line, "An earlier line has the same metric, slice and bucket of this run.")
            continue
        run.lines += 1
        run.metrics |= found
    return list(runs.values())


def _skip(file: _File, line: int, reason: str, lines: int = 1) -> None:
    file.faults.append(Fault(line, reason))
    file.skipped += lines


async def _store(session: AsyncSession, file: _File) -> list[Run]:
    """Store the runs of registered versions that are not there yet; the others become faults."""
    known: list[tuple[int, Run]] = []
    for run in file.runs:
        try:
            known.append((await models.version_id(session, run.model, run.version), run))
        except NotFound as error:
            _skip(file, run.line, _unknown(error, run), run.lines)
    file.runs = [run for _, run in known]
    new = []
    for version_id, run in known:
        if (evaluation_id := await _insert(session, file, version_id, run)) is not None:
            await evaluations.store(session, evaluation_id, [], list(run.metrics.values()))
            new.append(run)
    return new


def _unknown(error: NotFound, run: Run) -> str:
    return error.detail if run.lines == 1 else f"{error.detail} The same goes for {run.lines - 1} more lines."


async def _insert(session: AsyncSession, file: _File, version_id: int, run: Run) -> int | None:
    """The id of the new run; None if it is there, be it that another import is bringing it in.

    A file may tell of several runs, so the ETag is followed by what tells them apart.
    """
    query = insert(EvaluationRow).values(
        model_version_id=version_id,
        filter=EvaluationRequest(model=run.model, version=run.version).model_dump(mode="json"),
        state="done",
        kind="report",
        report=file.entry.key,
        etag=f"{file.entry.etag} {version_id} {run.evaluated_at.isoformat()}",
        failed=file.skipped,
        finished_at=run.evaluated_at,
    )
    inserted = await session.scalars(query.on_conflict_do_nothing().returning(EvaluationRow.id))
    return inserted.one_or_none()
