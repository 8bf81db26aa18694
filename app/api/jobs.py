"""Prediction jobs: many predictions asked for at once, made by workers."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from app.api.access.scopes import PREDICT, READ
from app.api.deps import CursorQuery, LimitQuery, SessionsDep, SettingsDep, UseCaseDep
from app.api.http.problems import OF_BODIES, responses
from app.api.http.strict_route import StrictRoute
from app.api.receiving.idempotency import KeyedRequest
from app.core.errors import Conflict, Misconfigured
from app.schemas.ids import RowId
from app.schemas.jobs.jobs import PredictionJob, PredictionJobPage, PredictionJobRequest
from app.schemas.records.imports import FileFormat
from app.services.jobs import jobs, results

router = APIRouter(prefix="/prediction-jobs", tags=["prediction jobs"], route_class=StrictRoute)

JobId = Annotated[RowId, Path()]
MEDIA_TYPES: dict[FileFormat, str] = {"ndjson": "application/x-ndjson", "csv": "text/csv"}
RESULTS: dict[int | str, dict[str, object]] = {
    200: {"content": {kind: {"schema": {"type": "string"}} for kind in MEDIA_TYPES.values()}}
}


@router.post(
    "",
    status_code=202,
    summary="Predict many records",
    responses=responses(Conflict, *OF_BODIES, Misconfigured),
    dependencies=[PREDICT],
)
async def create_prediction_job(
    request: PredictionJobRequest,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    settings: SettingsDep,
    response: Response,
    keyed: KeyedRequest,
) -> PredictionJob:
    """Predict many records: some by their ids, those that a filter finds now, or all.

    Workers do it through the cache, 1,000 records at a time. A job that no record fits is done at once.
    """
    job = await jobs.ask(sessions, use_case, settings, request, keyed=keyed)
    response.headers["Location"] = f"{router.prefix}/{job.id}"
    return job


@router.get("", summary="List prediction jobs", responses=responses(), dependencies=[READ])
async def list_prediction_jobs(
    sessions: SessionsDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> PredictionJobPage:
    """Every job, newest first, page by page."""
    return await jobs.page(sessions, limit=limit, cursor=cursor)


@router.get("/{job_id}", summary="Get a prediction job", responses=responses(), dependencies=[READ])
async def get_prediction_job(job_id: JobId, sessions: SessionsDep) -> PredictionJob:
    """A job: its state, how far it is, how fast, and how long it will take."""
    return await jobs.get(sessions, job_id)


@router.post(
    "/{job_id}/cancel",
    summary="Cancel a prediction job",
    responses=responses(Conflict),
    dependencies=[PREDICT],
)
async def cancel_prediction_job(job_id: JobId, sessions: SessionsDep) -> PredictionJob:
    """Cancel a job that is queued or under way: no chunk is begun any more, those that are begun end.

    What it has predicted stays in the cache, and in its results.
    """
    return await jobs.cancel(sessions, job_id)


@router.post(
    "/{job_id}/resume",
    status_code=202,
    summary="Resume a prediction job",
    responses=responses(Conflict),
    dependencies=[PREDICT],
)
async def resume_prediction_job(
    job_id: JobId, sessions: SessionsDep, response: Response, keyed: KeyedRequest
) -> PredictionJob:
    """Go on with a cancelled or failed job; its finished chunks are not done again."""
    job = await jobs.resume(sessions, job_id, keyed=keyed)
    response.headers["Location"] = f"{router.prefix}/{job.id}"
    return job


@router.get(
    "/{job_id}/results",
    response_class=StreamingResponse,
    summary="Get a prediction job's results",
    responses=RESULTS | responses(Conflict),
    dependencies=[READ],
)
async def get_prediction_job_results(
    job_id: JobId,
    sessions: SessionsDep,
    file_format: Annotated[FileFormat, Query(alias="format")] = "ndjson",
) -> StreamingResponse:
    """The results of a job that has ended: a line per record, by the order of the ids.

    A record that could not be predicted has `error` and `detail`, and so have those that a cancelled or
    failed job did not come to. A transfer that breaks off is not complete: ask again.
    """
    parts = await results.read(sessions, job_id, file_format)
    return StreamingResponse(parts, media_type=MEDIA_TYPES[file_format])
