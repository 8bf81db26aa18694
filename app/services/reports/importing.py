"""Bring in CSV reports from the storage, as runs of the kind ``report``."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import (
    AppError,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    StorageCredentials,
    StorageDown,
    StorageError,
)
from app.db.engine import Sessions
from app.db.evaluations import reports as rows
from app.db.evaluations.reports import ImportedRun
from app.schemas.access.callers import CURRENT
from app.schemas.evaluations.runs import EvaluationRequest
from app.schemas.reports import ImportedReports, ReportImport, Unread
from app.services.models import versions
from app.services.once import Keyed, hold, keep, replay
from app.services.reports.lines import MAX_BYTES, UNSTORABLE, Fault
from app.services.reports.listing import newest_first
from app.services.reports.runs import ReportedRun, ReportFile, read_file
from app.storage import Storage, StoredObject

MAX_UNREAD = 1000
"""Reasons that are listed."""
AT_ONCE = 8
"""Files that are fetched at once; boto3 keeps ten connections."""


async def import_reports(
    sessions: Sessions, storage: Storage, wanted: ReportImport, *, keyed: Keyed | None = None
) -> ImportedReports:
    """Import as `_import`, or answer what was answered under the key.

    No connection is held while files are read, so that of two who come at once with one key both may read
    them. What is there already is not brought in again, and the last answer stays. Forbidden to who is bound
    to models: files lie in the storage for all of them.
    """
    if CURRENT.get().is_bound:
        raise Forbidden("Reports are imported with a key that is bound to no models: they may be of any.")
    if keyed is None:
        return await _import(sessions, storage, wanted)
    async with sessions.begin() as session:
        if (kept := await hold(session, keyed)) is not None:
            return replay(keyed, kept, ImportedReports)
    result = await _import(sessions, storage, wanted)
    async with sessions.begin() as session:
        await keep(session, keyed, result)
    return result


async def _import(sessions: Sessions, storage: Storage, wanted: ReportImport) -> ImportedReports:
    """Bring in the reports below a prefix, those modified last first, each in a transaction.

    What cannot be used is listed, and the rest goes in. A file that went in whole is not read again while its
    ETag stays; our own reports never are. NotFound if there is no file. StorageDown or StorageCredentials may
    end it in between: what went in stays, and the same import goes on from there. StorageError if the storage
    lets us have none of the files.
    """
    folder = wanted.prefix.rstrip("/") + "/"
    chosen = newest_first(await storage.list(folder), folder)[: wanted.newest]
    if not chosen:
        raise NotFound(f"There is no file below {folder!r} in the storage.")
    async with sessions() as session:
        done = await rows.finished(session, folder)
    new = [entry for entry in chosen if done.isdisjoint({(entry.key, entry.etag), (entry.key, None)})]
    result = ImportedReports(files=len(chosen), unchanged=len(chosen) - len(new))
    refused = 0
    for start in range(0, len(new), AT_ONCE):
        batch = new[start : start + AT_ONCE]
        contents = await asyncio.gather(*(_fetch(storage, entry) for entry in batch))
        refusals = [one for one in contents if isinstance(one, StorageError)]
        refused += len(refusals)
        if refused == len(new) and refusals:
            raise refusals[-1]
        for entry, content in zip(batch, contents, strict=True):
            await _import_file(sessions, entry, content, wanted, result)
    return result


async def _fetch(storage: Storage, entry: StoredObject) -> bytes | AppError:
    """The file's bytes, or why this one cannot be had."""
    if entry.size > MAX_BYTES:
        return InvalidInput(f"The file has {entry.size} bytes; the most that is read is {MAX_BYTES}.")
    if UNSTORABLE.search(entry.key):
        return InvalidInput("The key holds a NUL.")
    try:
        return await storage.get(entry.key, etag=entry.etag)
    except (StorageDown, StorageCredentials):
        raise
    except (NotFound, Conflict, StorageError) as error:
        return error


async def _import_file(
    sessions: Sessions,
    entry: StoredObject,
    content: bytes | AppError,
    wanted: ReportImport,
    result: ImportedReports,
) -> None:
    try:
        if isinstance(content, AppError):
            raise content
        file = await asyncio.to_thread(read_file, entry, content, wanted)
    except AppError as error:
        result.refused += 1
        _list(result, entry.key, [(None, error.detail)])
        return
    async with sessions.begin() as session:
        new = await _store(session, file)
    result.runs += len(new)
    result.metrics += sum(len(run.metrics) for run in new)
    result.imported += bool(new)
    result.unchanged += bool(file.runs and not new)
    result.refused += not file.runs
    result.skipped += file.skipped
    _list(result, entry.key, sorted((fault.line, fault.reason) for fault in file.faults))


def _list(result: ImportedReports, key: str, found: Sequence[tuple[int | None, str]]) -> None:
    unread = [Unread(key=key, line=line, reason=reason) for line, reason in found]
    result.unread += unread[: MAX_UNREAD - len(result.unread)]


async def _store(session: AsyncSession, file: ReportFile) -> list[ReportedRun]:
    """Store the runs that are not there yet; those of versions that are not registered become faults."""
    known = await _of_registered_versions(session, file)
    file.runs = [run for _, run in known]
    if not known:
        return []
    runs = {_etag(file.entry, version_id, run): (version_id, run) for version_id, run in known}
    imported = [
        ImportedRun(
            etag,
            version_id,
            run.evaluated_at or file.entry.last_modified,
            EvaluationRequest(model=run.model, version=run.version).model_dump(mode="json"),
        )
        for etag, (version_id, run) in runs.items()
    ]
    ids = await rows.add_runs(session, file.entry.key, imported, skipped=file.skipped)
    new = [(evaluation_id, runs[etag][1]) for etag, evaluation_id in ids.items()]
    await rows.add_metrics(session, ((one, metric) for one, run in new for metric in run.metrics.values()))
    return [run for _, run in new]


def _etag(entry: StoredObject, version_id: int, run: ReportedRun) -> str:
    """A file may tell of several runs, so its ETag is followed by what tells them apart."""
    return f"{entry.etag} {version_id} {run.evaluated_at.isoformat() if run.evaluated_at else ''}"


async def _of_registered_versions(session: AsyncSession, file: ReportFile) -> list[tuple[int, ReportedRun]]:
    """The file's runs with the ids of their versions; a version that there is not is a fault."""
    ids: dict[tuple[str, str], int | NotFound] = {}
    known: list[tuple[int, ReportedRun]] = []
    for run in file.runs:
        name = (run.model, run.version)
        if name not in ids:
            ids[name] = await _version_id(session, *name)
        found = ids[name]
        if isinstance(found, int):
            known.append((found, run))
        else:
            more = f" The same goes for {run.lines - 1} more lines." if run.lines > 1 else ""
            file.faults.append(Fault(run.line, found.detail + more, run.lines))
    return known


async def _version_id(session: AsyncSession, model: str, version: str) -> int | NotFound:
    try:
        return await versions.version_id(session, model, version)
    except NotFound as error:
        return error
