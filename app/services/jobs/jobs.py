"""Ask for prediction jobs, look at them, cancel them, and go on with them."""

import asyncio
from collections.abc import Sequence

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.cursors import Cursor
from app.core.errors import Conflict, FieldError, InvalidInput, NotFound
from app.core.settings import Settings
from app.db.engine import Sessions
from app.db.jobs import jobs as rows
from app.db.jobs.jobs import JobInfo
from app.db.queue import tasks
from app.db.records.windows import Window
from app.db.tables import UNDER_WAY, PredictionJobRow
from app.schemas.hosting.deployments import Deployment
from app.schemas.ids import RowId
from app.schemas.jobs.jobs import PredictionJob, PredictionJobPage, PredictionJobRequest
from app.services.models import versions
from app.services.once import Keyed, once
from app.services.records import filters
from app.services.use_case import UseCase

CURSOR: Cursor[int] = Cursor("prediction jobs", TypeAdapter(RowId))


async def ask(
    sessions: Sessions,
    use_case: UseCase,
    settings: Settings,
    request: PredictionJobRequest,
    *,
    keyed: Keyed | None = None,
) -> PredictionJob:
    """Queue a job for a version (default: the live one of the default model); once if it has a key."""
    _check(use_case, settings, request)
    model = versions.named_or_default(request.model, settings.default_model)
    chosen = _chosen(use_case, request, model, settings.default_model)
    # The ids stand in the chunks.
    kept = request.model_dump(mode="json", exclude={"ids", "model", "version", "engine"})
    async with sessions() as session:
        version_id = await versions.version_id(session, model, request.version)
    if request.engine == "sagemaker-batch-transform":
        await asyncio.to_thread(_require_transform, await versions.deployment(sessions, version_id))
    async with sessions.begin() as session:

        async def queue() -> PredictionJob:
            job_id, chunk_ids = await rows.create(
                session, version_id, chosen, engine=request.engine, request=kept
            )
            await _enqueue(session, job_id, request.engine, chunk_ids)
            return await _found(session, job_id)

        return await once(session, keyed, PredictionJob, queue)


def _check(use_case: UseCase, settings: Settings, request: PredictionJobRequest) -> None:
    """InvalidInput names what there is not, and what there is."""
    faults = filters.faults(use_case, request.where or {}, request.time_field, by_time=request.has_window)
    faults += filters.unnamed_model(use_case, request.model)
    if settings.storage_url is None:
        needing = {"store_as": request.store_as is not None, "engine": request.engine != "pipeline"}
        nowhere = "needs a storage, and STORAGE_URL is not set"
        faults += [FieldError(field, nowhere) for field, needs in needing.items() if needs]
    if faults:
        raise InvalidInput("The job cannot be run as asked.", errors=faults)


def _chosen(
    use_case: UseCase, request: PredictionJobRequest, model: str, default_model: str | None
) -> Window | Sequence[str]:
    if request.ids is not None:
        return request.ids
    return filters.window(
        use_case,
        request.where or {},
        since=request.since,
        until=request.until,
        time_field=request.time_field,
        model=model,
        default_model=default_model,
    )


async def _enqueue(session: AsyncSession, job_id: int, engine: str, chunk_ids: Sequence[int]) -> None:
    if not chunk_ids:
        return
    if engine == "pipeline":
        await tasks.enqueue(session, "predict_chunk", chunk_ids)
    else:
        await tasks.enqueue(session, "batch_transform", [job_id])


async def get(sessions: Sessions, job_id: int) -> PredictionJob:
    """A job and how far it is, or NotFound."""
    async with sessions() as session:
        return await _found(session, job_id)


async def _found(session: AsyncSession, job_id: int) -> PredictionJob:
    """As the database has it, whatever the session has of it."""
    await session.flush()
    session.expire_all()
    found = await rows.find(session, job_id)
    if found is None:
        raise _no_job(job_id)
    return _job(found)


async def page(sessions: Sessions, *, limit: int, cursor: str | None) -> PredictionJobPage:
    """Jobs, newest first, from the place where the last page's cursor points."""
    before = CURSOR.decode(cursor)
    async with sessions() as session:
        found = await rows.page(session, before=before, limit=limit + 1)
    items, next_cursor = CURSOR.cut([_job(row) for row in found], limit, lambda last: last.id)
    return PredictionJobPage(items=items, next_cursor=next_cursor)


async def cancel(sessions: Sessions, job_id: int) -> PredictionJob:
    """End a job that is queued or under way, and give it as it stands; Conflict if it has ended."""
    async with sessions.begin() as session:
        job = await _locked(session, job_id)
        if job.state not in UNDER_WAY:
            raise Conflict(f"The prediction job {job_id} has ended: it is {job.state}.")
        rows.cancel(job)
    return await get(sessions, job_id)


async def resume(sessions: Sessions, job_id: int, *, keyed: Keyed | None = None) -> PredictionJob:
    """Go on with a cancelled or failed job, once if there is a key; what its finished chunks have is kept."""
    async with sessions.begin() as session:

        async def go_on() -> PredictionJob:
            job = await _locked(session, job_id)
            if job.state not in ("cancelled", "failed"):
                raise Conflict(f"The prediction job {job_id} is {job.state}: there is nothing to go on with.")
            await _enqueue(session, job_id, job.engine, await rows.resume(session, job))
            return await _found(session, job_id)

        return await once(session, keyed, PredictionJob, go_on)


async def _locked(session: AsyncSession, job_id: int) -> PredictionJobRow:
    await _found(session, job_id)
    job = await rows.lock(session, job_id)
    if job is None:
        raise _no_job(job_id)
    return job


def _no_job(job_id: int) -> NotFound:
    return NotFound(f"There is no prediction job {job_id}.")


def _job(found: JobInfo) -> PredictionJob:
    row, model, version, predicted, hits, failed, seconds = found
    finished = predicted + failed
    rate = finished / seconds if finished and seconds else None
    counted = {"predicted": predicted, "hits": hits, "failed": failed}
    fields = {name: getattr(row, name) for name in PredictionJob.model_fields if hasattr(row, name)}
    return PredictionJob.model_validate(
        fields
        | counted
        | {
            "model": model,
            "version": version,
            "records_per_second": rate,
            "seconds_left": (row.records - finished) / rate if rate and row.state == "running" else None,
        }
    )


def _require_transform(deployment: Deployment) -> None:
    """InvalidInput unless batch transform can predict for it."""
    from app.services.jobs import transform  # boto3 takes 0.2 s; here no other request waits

    transform.jobs_of(deployment)
