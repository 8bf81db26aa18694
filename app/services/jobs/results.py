"""The results of a prediction job: read chunk by chunk, so that their size does not matter."""

import tempfile
from collections.abc import AsyncIterator, Sequence

from app.core.errors import Conflict, Misconfigured
from app.db.engine import Sessions, dump_json
from app.db.jobs import chunks
from app.db.jobs import jobs as rows
from app.db.jobs.chunks import ChunkRecord
from app.db.tables import UNDER_WAY
from app.schemas.jobs.jobs import PredictionJob, ResultLine
from app.schemas.records.imports import FileFormat
from app.schemas.values.csv_cells import csv_text
from app.services.failures.interrupted import noted
from app.services.jobs import jobs
from app.services.runtime import Runtime


async def read(sessions: Sessions, job_id: int, file_format: FileFormat) -> AsyncIterator[str]:
    """A line per record of a job that has ended, by the order of the ids; Conflict while it is under way."""
    job = await jobs.get(sessions, job_id)
    if job.state in UNDER_WAY:
        raise Conflict(f"The prediction job {job_id} is {job.state}: there are results when it has ended.")
    return _read(sessions, job, file_format)


async def _read(sessions: Sessions, job: PredictionJob, file_format: FileFormat) -> AsyncIterator[str]:
    """Holds no connection between two chunks, since the reader may be slow."""
    if file_format == "csv":
        yield csv_text([list(ResultLine.model_fields)])
    number = 0
    while items := await _items(sessions, job.id, number):
        lines = [_line(job, item) for item in items]
        yield _ndjson(lines) if file_format == "ndjson" else csv_text(map(_cells, lines))
        number += 1


async def _items(sessions: Sessions, job_id: int, number: int) -> Sequence[ChunkRecord]:
    async with sessions() as session:
        return await chunks.items(session, job_id, number)


def _line(job: PredictionJob, item: ChunkRecord) -> ResultLine:
    error, detail = item.error or (None, None)
    return ResultLine(
        record_id=item.record_id,
        prediction=item.prediction,
        model=job.model,
        version=job.version,
        revision=item.revision,
        content_hash=item.content_hash,
        computed_at=item.computed_at,
        error=error,
        detail=detail,
    )


def _ndjson(lines: Sequence[ResultLine]) -> str:
    return "".join(f"{line.model_dump_json()}\n" for line in lines)


def _cells(line: ResultLine) -> list[object]:
    """A text as it is, a missing value as an empty cell, and other predictions as JSON."""
    cells = line.model_dump(mode="json")
    if not isinstance(line.prediction, str | None):
        cells["prediction"] = dump_json(line.prediction)
    return list(cells.values())


async def write(runtime: Runtime, job_id: int) -> None:
    """Put the results of a job into the storage; the task `write_result` of the queue.

    What another attempt may get over is raised only. What it would not is noted with the job, too.
    """
    sessions = runtime.database.transactions
    job = await jobs.get(sessions, job_id)

    async def fail(reason: str) -> None:
        await _note(sessions, job_id, error=f"The results could not be written: {reason}")

    async with noted(fail):
        key = await _put(runtime, job)
    await _note(sessions, job_id, key=key)


async def _put(runtime: Runtime, job: PredictionJob) -> str:
    file_format = job.request.store_as
    if file_format is None or runtime.storage is None:
        raise Misconfigured("STORAGE_URL is not set where the worker runs.")
    key = f"results/{job.model}/{job.version}/{job.id}.{file_format}"
    with tempfile.TemporaryFile() as file:
        async for part in await read(runtime.database.transactions, job.id, file_format):
            file.write(part.encode())
        file.seek(0)
        await runtime.storage.put(key, file)
    return key


async def _note(sessions: Sessions, job_id: int, *, key: str | None = None, error: str | None = None) -> None:
    async with sessions.begin() as session:
        await rows.note_result(session, job_id, key=key, error=error)
